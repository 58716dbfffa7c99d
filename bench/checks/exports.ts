/**
 * Exports every network with made-up weights, runs each export on 16 images in the program that reads it, and prints the
 * largest difference to convoy's own outputs, of the largest output: the table of `docs/export.md`. Fails above 1e-4.
 *
 *     CONVOY_EXPORT_PYTHON=python node dist/bench/checks/exports.js [NETWORK,...] [FORMAT,...]
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { type ExportFormat, exportFormats, PythonRunner, torchArchitectures } from '../../src/export/index.js';
import { inferenceGraph } from '../../src/graph/index.js';
import { modelParameters, networkNamed, networks, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { apart, inTfjs, joined } from '../../src/tools/export-check.js';
import { madeUp, noise } from '../../test/support/made-up-weights.js';

const limit = 1e-4;
const images = 16;
const classes = 10;
const page = new URL('../../../docs/export.md', import.meta.url);
const table = /(<!-- check:exports -->\n)[\s\S]*?(<!-- \/check -->)/;

/** Sizes and options at which networks are exported; the others at 32, or their smallest image. */
const settings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  resnet50: { variant: 'torch' },
  resnet101: { variant: 'torch' },
  'inception-v3': { height: 75, width: 75 },
};
/** torchvision's dense layers fit images of 224x224 alone. */
const large = /^(alexnet|vgg)/;

const native = await loadNative();
const python = process.env['CONVOY_EXPORT_PYTHON'] ?? 'python3';
const [onlyNetworks, onlyFormats] = process.argv.slice(2).map((list) => list.split(','));
const formats = exportFormats.filter(({ name }) => onlyFormats?.includes(name) ?? true);
const rows: string[] = [];

const runners = new Map<string, PythonRunner>();

/** The process that runs a format, started once: TensorFlow takes long to load. */
function runnerOf({ name }: ExportFormat): PythonRunner {
  const runner = runners.get(name) ?? new PythonRunner(python);
  runners.set(name, runner);
  return runner;
}

interface Case {
  readonly name: string;
  readonly model: LayersModel;
  readonly weights: readonly Float32Array[];
  readonly network: { readonly name: string };
  readonly image: { readonly height: number; readonly width: number; readonly channels: number };
}

function caseOf(name: string): Case {
  const { smallestInput, defaultChannels: channels, create } = networkNamed(name);
  const side = Math.max(32, smallestInput);
  const network = { name, ...settings[name] };
  const { name: _, ...options } = network;
  const model = create({ height: side, width: side, channels, classes, ...options });
  const weights = modelParameters(model).map(({ spec }) => madeUp(spec.name, spec.shape, 1));
  setWeights(model, weights);
  const [, height = 0, width = 0] = (model.inputs[0]?.shape ?? []) as number[];
  return { name, model, weights, network, image: { height, width, channels } };
}

/** The largest difference of an export's outputs from convoy's, of the largest output. */
async function difference(one: Case, format: ExportFormat): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-exports-'));
  const whole = format.preprocessing === 'default';
  const { model, weights, image } = one;
  const preprocess = { scale: Array(image.channels).fill(1 / 64), offset: Array(image.channels).fill(-2) };
  const rest = { loss: { name: 'crossEntropy' as const }, testTimeFlip: false };
  const written = await format.write(
    {
      ...{ model, weights, network: one.network, image, preprocess, ...rest, whole, opset: 17, version: 'check' },
      classes: Array.from({ length: classes }, (_, index) => `class ${index}`),
      metadata: { classes: String(classes) },
      graph: () =>
        inferenceGraph(model, weights, { image, whole: whole ? { preprocess, classes, ...rest } : undefined }),
    },
    folder,
  );
  const { height, width, channels } = image;
  const shape = [images, height, width, channels] as const;
  const pixels = Uint8Array.from(noise('images', images * height * width * channels, 255, 127));
  const input = Float32Array.from(pixels, (pixel) => pixel / 64 - 2);
  const data = whole ? pixels : input;
  try {
    const expected = tf.tidy(() => {
      const plain = model.predict(tf.tensor4d(input, [...shape])) as Tensor;
      return (whole ? tf.softmax(plain) : plain).dataSync() as Float32Array;
    });
    if (format.name === 'safetensors') {
      const parameters = modelParameters(model).map(({ spec }) => spec.name);
      const found = await runnerOf(format).run({
        ...{ format: format.name, folder, code: written.usage.code, images: { data, shape } },
        names: parameters,
      });
      return apart(found, joined(weights));
    }
    if (format.reader === 'tfjs') return apart(await inTfjs(folder, data, shape), expected);
    const code = written.usage.code;
    const found = await runnerOf(format).run({ format: format.name, folder, code, images: { data, shape } });
    if (format.name === 'saved-model') {
      const here = await inTfjsNode(folder, data as Uint8Array, shape);
      return Math.max(apart(here, expected), apart(found, expected));
    }
    return apart(found, expected);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** By tfjs-node's binding, as `tf.node.loadSavedModel` uses it. */
async function inTfjsNode(folder: string, pixels: Uint8Array, shape: readonly number[]): Promise<Float32Array> {
  const graph = await native.loadGraph(folder);
  const input = native.wrap(pixels, shape);
  try {
    const [output] = graph.run([input], 'images', 'Softmax');
    return native.read(output as number) as Float32Array;
  } finally {
    native.release(input);
    graph.dispose();
  }
}

for (const { name } of networks.filter((network) => network.name !== 'custom')) {
  if (onlyNetworks?.[0] !== 'all' && !(onlyNetworks?.includes(name) ?? true)) continue;
  const one = caseOf(name);
  const cells: string[] = [];
  for (const format of formats) {
    if (format.name === 'torch' && (!torchArchitectures.has(name) || large.test(name))) {
      cells.push(torchArchitectures.has(name) ? 'at 224' : '');
      continue;
    }
    try {
      const found = await difference(one, format);
      cells.push(found.toExponential(0));
      if (!(found <= limit)) throw new Error(`differs by ${found}`);
    } catch (error) {
      console.error(`FAILED ${name} ${format.name}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  rows.push(`| ${name} | ${one.image.height} | ${cells.join(' | ')} |`);
  console.log(rows.at(-1));
  one.model.dispose();
}
if (process.argv.length === 2 && process.exitCode === undefined) {
  const heads = `| network | images | ${formats.map(({ name }) => `\`${name}\``).join(' | ')} |`;
  const text = `${heads}\n|---|---|${formats.map(() => '---|').join('')}\n${rows.join('\n')}\n`;
  await writeFile(
    page,
    (await readFile(page, 'utf8')).replace(table, (_, open, close) => `${open}${text}${close}`),
  );
}

for (const runner of runners.values()) await runner.close();
