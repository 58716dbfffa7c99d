/**
 * Every network of ours that torchvision or timm have, with random weights: the logits that it gives with the weights of their
 * files, in every form that people save, beside theirs. Writes the table of `docs/model-files.md`.
 * `node dist/bench/checks/torch-weights.js [NAME,...]`; torch, torchvision and timm are those of `$CONVOY_PEERS_PYTHON`. Names of
 * our networks leave the table alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { createModel, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readWeightsFile } from '../../src/weights/index.js';
import { peersPython } from '../harness/peers.js';

interface Pair {
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly source: 'torchvision' | 'timm';
  /** A call of the source's network. */
  readonly maker: string;
  readonly side: number;
  /** Heavy networks are saved in two forms alone. */
  readonly few?: true;
  /** Where the source computes something else. */
  readonly refused?: true;
}

const torch = { variant: 'torch' };
const base = { features: 768, heads: 12 };
const vggs: readonly Pair[] = [11, 13, 16, 19].flatMap((depth) => [
  { name: `vgg${depth}`, source: 'torchvision', maker: `vgg${depth}()`, side: 224, few: true },
  { name: `vgg${depth}-bn`, source: 'torchvision', maker: `vgg${depth}_bn()`, side: 224, few: true },
]);
const pairs: readonly Pair[] = [
  ...[18, 34].flatMap((depth): Pair[] => [
    { name: `resnet${depth}`, source: 'torchvision', maker: `resnet${depth}()`, side: 64 },
    { name: `resnet${depth}`, source: 'timm', maker: `resnet${depth}()`, side: 64 },
  ]),
  ...[50, 101].flatMap((depth): Pair[] => [
    { name: `resnet${depth}`, options: torch, source: 'torchvision', maker: `resnet${depth}()`, side: 64 },
    { name: `resnet${depth}`, options: torch, source: 'timm', maker: `resnet${depth}()`, side: 64 },
  ]),
  { name: 'resnet50', source: 'torchvision', maker: 'resnet50()', side: 64, refused: true },
  { name: 'squeezenet', source: 'torchvision', maker: 'squeezenet1_1()', side: 224 },
  {
    name: 'googlenet',
    options: { branch3Kernel: 3 },
    source: 'torchvision',
    maker: 'googlenet(init_weights=False)',
    side: 224,
  },
  { name: 'mobilenet-v2', options: torch, source: 'torchvision', maker: 'mobilenet_v2()', side: 96 },
  { name: 'mobilenet-v2', options: torch, source: 'timm', maker: 'mobilenetv2_100()', side: 96 },
  { name: 'mobilenet-v2', source: 'torchvision', maker: 'mobilenet_v2()', side: 96, refused: true },
  { name: 'mobilenet-v1', source: 'timm', maker: 'mobilenetv1_100()', side: 96, refused: true },
  {
    name: 'efficientnet-b0',
    options: { rescaling: false },
    source: 'torchvision',
    maker: 'efficientnet_b0()',
    side: 96,
    refused: true,
  },
  {
    name: 'efficientnet-b0',
    options: { rescaling: false },
    source: 'timm',
    maker: 'efficientnet_b0()',
    side: 96,
    refused: true,
  },
  {
    name: 'inception-v3',
    source: 'torchvision',
    maker: 'inception_v3(init_weights=False)',
    side: 299,
    few: true,
    refused: true,
  },
  { name: 'inception-v3', source: 'timm', maker: 'inception_v3()', side: 299, few: true, refused: true },
  { name: 'densenet121', source: 'torchvision', maker: 'densenet121()', side: 64 },
  { name: 'densenet121', source: 'timm', maker: 'densenet121()', side: 64 },
  { name: 'vit-tiny', source: 'timm', maker: 'vit_tiny_patch16_224(img_size=64)', side: 64 },
  { name: 'vit-tiny', source: 'timm', maker: 'deit_tiny_patch16_224(img_size=64)', side: 64 },
  { name: 'vit-small', source: 'timm', maker: 'vit_small_patch16_224(img_size=64)', side: 64 },
  { name: 'vit-small', options: base, source: 'timm', maker: 'vit_base_patch16_224(img_size=64)', side: 64, few: true },
  { name: 'vit-small', options: base, source: 'torchvision', maker: 'vit_b_16(image_size=64)', side: 64, few: true },
  {
    name: 'vit-small',
    options: { ...base, patch: 32 },
    source: 'torchvision',
    maker: 'vit_b_32(image_size=64)',
    side: 64,
    few: true,
  },
  { name: 'alexnet', source: 'torchvision', maker: 'alexnet()', side: 224, few: true },
  ...vggs,
  { name: 'vgg11-bn', source: 'timm', maker: 'vgg11_bn()', side: 224, few: true },
];
/** Largest difference of logits, of the largest. */
const tolerance = 1e-4;
const root = new URL('../../../', import.meta.url);
const page = fileURLToPath(new URL('docs/model-files.md', root));
const generator = fileURLToPath(new URL('test/fixtures/torch/networks.py', root));
const table = /(<!-- check:torch-weights -->\n)[\s\S]*?(<!-- \/check -->)/;

interface Case {
  readonly shape: [number, number, number, number];
  readonly images: readonly number[];
  readonly logits: readonly number[];
  readonly files: readonly string[];
}

/** How far the logits with a file's weights are from PyTorch's, of the largest. */
async function apart(model: LayersModel, file: string, { shape, images, logits }: Case): Promise<number> {
  setWeights(model, mapWeights(model, await readWeightsFile(file)));
  const own = tf.tidy(() => (model.predict(tf.tensor4d([...images], shape)) as Tensor).dataSync());
  return Math.max(...logits.map((value, at) => Math.abs(value - (own[at] ?? NaN)))) / Math.max(...logits.map(Math.abs));
}

/** The largest difference over all forms, or the refusal of all. */
async function result(folder: string, { name, options, source, maker, side, few, refused }: Pair): Promise<string> {
  const more = few === true ? ['few'] : [];
  execFileSync(peersPython(), [generator, folder, source, maker, String(side), ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const expected = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8')) as Case;
  const model = createModel(name, { height: side, width: side, channels: 3, classes: 5, ...options });
  let worst = 0;
  try {
    for (const form of expected.files) {
      const file = join(folder, form);
      if (refused === true) {
        const message = await apart(model, file, expected).then(
          () => '',
          (error: unknown) => String(error),
        );
        if (!message.includes('expected the weights of this architecture'))
          throw new Error(`${form} is not refused: ${message}`);
      } else {
        const difference = await apart(model, file, expected);
        if (!(difference < tolerance)) throw new Error(`${form}: logits differ by ${difference}`);
        worst = Math.max(worst, difference);
      }
    }
  } finally {
    model.dispose();
  }
  return refused === true ? 'refused' : `${worst.toExponential(0)}`;
}

await loadNative();
const only = process.argv[2]?.split(',');
const rows: string[] = [];
for (const pair of pairs.filter(({ name }) => only?.includes(name) ?? true)) {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-torch-weights-'));
  const options = Object.entries(pair.options ?? {}).map(([option, value]) => `${option}=${String(value)}`);
  const own = [pair.name, ...(options.length > 0 ? [options.join(',')] : [])].join(':');
  try {
    const outcome = await result(folder, pair);
    rows.push(`| \`${own}\` | ${pair.source} | \`${pair.maker}\` | ${pair.side} | ${outcome} |`);
    console.log(rows.at(-1));
  } catch (error) {
    console.error(
      `FAILED ${own}, ${pair.source}'s ${pair.maker}: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
if (only === undefined && process.exitCode === undefined) {
  const text = `| network | source | there | images | logits |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(table, (_, open, close) => `${open}${text}${close}`),
  );
}
