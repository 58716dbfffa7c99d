/**
 * A network of each family of Keras Applications, with random weights at its smallest images: outputs of its `.keras` and `.h5`
 * beside Keras's, an epoch of one step, an epoch as a base with a new head. Writes the table of `docs/model-files.md`.
 * `node dist/bench/checks/applications.js [NAME,...]`; Keras is that of `$CONVOY_PEERS_PYTHON`. Names leave the table alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RandomStream } from '../../src/base/random.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import type { ConfigInput } from '../../src/config/index.js';
import type { Dataset } from '../../src/contracts/index.js';
import { modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { Trainer } from '../../src/training/index.js';
import { loadModelFile } from '../../src/weights/index.js';
import { runWeights } from '../../test/support/run-weights.js';
import { peersPython } from '../harness/peers.js';

/** Names in Keras and the smallest images they take, the quickest first. */
const networks: readonly (readonly [name: string, side: number])[] = [
  ['MobileNet', 32],
  ['MobileNetV2', 32],
  ['MobileNetV3Small', 32],
  ['EfficientNetB0', 32],
  ['EfficientNetV2B0', 32],
  ['NASNetMobile', 32],
  ['DenseNet121', 32],
  ['ResNet50', 32],
  ['ResNet50V2', 32],
  ['ConvNeXtTiny', 32],
  ['VGG16', 32],
  ['Xception', 71],
  ['InceptionV3', 75],
  ['InceptionResNetV2', 75],
];
const classes = 5;
/** Largest difference of outputs, of the largest output. */
const tolerance = 1e-4;
const root = new URL('../../../', import.meta.url);
const page = fileURLToPath(new URL('docs/model-files.md', root));
const generator = fileURLToPath(new URL('test/fixtures/keras/applications.py', root));
const table = /(<!-- check:applications -->\n)[\s\S]*?(<!-- \/check -->)/;

interface Case {
  readonly shape: [number, number, number, number];
  readonly images: readonly number[];
  readonly outputs: readonly number[];
  /** Weights that a training step may leave as they are: Keras has no gradient for them. */
  readonly still: readonly string[];
}

/** Noise: what a network is shown does not matter. */
function noise(split: 'train' | 'test', side: number): Dataset {
  const count = 4;
  const random = new RandomStream(0, 'test');
  const pixels = new Uint8Array(new SharedArrayBuffer(count * side * side * 3));
  for (let place = 0; place < pixels.length; place++) pixels[place] = random.below(256);
  const labels = new Int32Array(new SharedArrayBuffer(count * 4));
  for (let image = 0; image < count; image++) labels[image] = image;
  return {
    name: 'noise',
    split,
    count,
    classes: Array.from({ length: classes }, (_, index) => `class ${index}`),
    shape: { height: side, width: side, channels: 3 },
    store: { kind: 'pixels', pixels },
    targets: { kind: 'classes', labels },
    fingerprint: `noise-${split}-${side}`,
  };
}

/** The weights of a file by parameter, and how far its outputs are from Keras's, of the largest. */
async function load(file: string, { shape, images, outputs }: Case) {
  const { model, weights } = await loadModelFile(file);
  const own = tf.tidy(() => (model.predict(tf.tensor4d([...images], shape)) as Tensor).dataSync());
  const apart = Math.max(...outputs.map((value, at) => Math.abs(value - (own[at] ?? NaN))));
  const named = new Map(modelParameters(model).map(({ spec }, index) => [spec.name, weights[index]?.slice()]));
  model.dispose();
  return { apart: apart / Math.max(...outputs.map(Math.abs)), named };
}

/** Names of the weights that a step moves. */
async function moved(out: string, side: number, config: ConfigInput, before: Map<string, unknown>): Promise<string[]> {
  const rest = { dataset: 'noise', batchSize: 4, workers: 1, epochs: 1, precision: 'float32' } as const;
  const optimizer = { name: 'sgd', learningRate: 1e-3 } as const;
  const datasets = { train: noise('train', side), test: noise('test', side) };
  await new Trainer({ config: { ...rest, optimizer, ...config }, datasets, out }).train();
  const after = await runWeights(out);
  await rm(out, { recursive: true });
  for (const [name, values] of after) {
    if (!values.every(Number.isFinite)) throw new Error(`${name} is not finite after a step`);
  }
  const same = (values: Float32Array, old: unknown): boolean =>
    old instanceof Float32Array && values.every((value, at) => value === old[at]);
  return [...after].filter(([name, values]) => !same(values, before.get(name))).map(([name]) => name);
}

async function row(folder: string, name: string, side: number): Promise<string> {
  // This process has oneDNN as convoy sets it up; Keras's is not mended on machines that hide their caches.
  const env = { ...process.env, TF_ENABLE_ONEDNN_OPTS: '0' };
  execFileSync(peersPython(), [generator, folder, name, String(side)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [archive, hdf5] = [join(folder, `${name}.keras`), join(folder, `${name}.h5`)];
  const expected = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Case;
  const first = await load(archive, expected);
  const second = await load(hdf5, expected);
  for (const { apart } of [first, second]) if (!(apart < tolerance)) throw new Error(`outputs differ by ${apart}`);
  const out = join(folder, 'run');
  const whole = await moved(out, side, { model: { name: archive } }, first.named);
  const unmoved = [...first.named.keys()].filter(
    (weight) => !whole.includes(weight) && !expected.still.includes(weight),
  );
  if (unmoved.length > 0)
    throw new Error(`a step left weights that have a gradient: ${unmoved.slice(0, 5).join(', ')}`);
  const head = await moved(out, side, { base: { name: hdf5 }, freeze: 'base', head: '16' }, second.named);
  const loose = head.filter((weight) => second.named.has(weight));
  if (loose.length > 0) throw new Error(`a frozen base moved: ${loose.slice(0, 5).join(', ')}`);
  if (head.length !== 4) throw new Error(`two dense layers have 4 weights, but ${head.join(', ')} moved`);
  const difference = [first, second].map(({ apart }) => apart.toExponential(0)).join(' | ');
  return `| ${name} | ${side} | ${difference} | ${whole.length} of ${first.named.size} | ${head.length} |`;
}

await loadNative();
const only = process.argv[2]?.split(',');
const rows: string[] = [];
for (const [name, side] of networks.filter(([name]) => only?.includes(name) ?? true)) {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-applications-'));
  try {
    rows.push(await row(folder, name, side));
    console.log(rows.at(-1));
  } catch (error) {
    console.error(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
if (only === undefined && process.exitCode === undefined) {
  const heads = '| network | images | `.keras` | `.h5` | weights that a step moves | on a frozen base |';
  const text = `${heads}\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`;
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(table, (_, open, close) => `${open}${text}${close}`),
  );
}
