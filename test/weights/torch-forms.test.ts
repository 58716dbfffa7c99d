import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readWeightsFile } from '../../src/weights/index.js';
import { fixtures } from '../support/keras.js';

/** Files that `test/fixtures/torch/forms.py` saved with PyTorch. */
const fixture = (name: string): string => new URL(`torch/${name}`, fixtures).pathname;
const expected = JSON.parse(readFileSync(fixture('forms.json'), 'utf8')) as Record<
  'shape' | 'input' | 'logits' | 'tied',
  number[]
>;

test.before(async () => {
  await loadNative();
});

/** The network of `forms.py`. */
function net(): LayersModel {
  const { layers } = tf;
  const conv = (name: string, useBias: boolean) =>
    layers.conv2d({ name, filters: 4, kernelSize: 3, padding: 'same', useBias });
  const input = tf.input({ shape: [5, 5, 3] });
  let x = layers.batchNormalization({ name: 'bn1', epsilon: 1e-5 }).apply(conv('conv1', false).apply(input));
  x = conv('layer1.0', true).apply(layers.reLU().apply(x));
  x = conv('layer1.2', true).apply(layers.reLU().apply(x));
  const logits = layers.dense({ name: 'fc', units: 3 }).apply(layers.globalAveragePooling2d({}).apply(x));
  return tf.model({ inputs: input, outputs: logits as ReturnType<typeof tf.input> });
}

async function load(file: string): Promise<{ logits: number[]; notes: string[] }> {
  const model = net();
  const notes: string[] = [];
  try {
    setWeights(model, mapWeights(model, await readWeightsFile(file), { onNote: (note) => notes.push(note) }));
    const logits = tf.tidy(() => [...(model.predict(tf.tensor(expected.input, expected.shape)) as Tensor).dataSync()]);
    return { logits, notes };
  } finally {
    model.dispose();
  }
}

const apart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...b.map((value, at) => Math.abs(value - (a[at] ?? Number.NaN))));

for (const [name, note] of [
  ['plain.pt'],
  ['half.pth'],
  ['double.pt'],
  ['parameters.pt'],
  ['channels-last.pt'],
  ['one-storage.pt'],
  ['checkpoint.ckpt', 'criterion.weight'],
  ['beside.pt'],
  ['ema.pth.tar', 'state_dict_ema'],
  ['prefix-compiled.safetensors'],
  ['prefix-module.safetensors'],
  ['prefix-model.safetensors'],
  ['prefix-backbone.safetensors'],
  ['prefix-net.safetensors'],
  ['prefix-model.module.safetensors'],
  ['extra.safetensors', 'criterion.weight'],
  ['model.safetensors.index.json'],
  ['tied.safetensors'],
] as const) {
  test.serial(`${name} gives PyTorch's logits`, async (t) => {
    const { logits, notes } = await load(fixture(name));
    const difference = apart(logits, name.startsWith('tied') ? expected.tied : expected.logits);
    t.true(difference < 1e-5, `${difference}`);
    t.is(notes.length, note === undefined ? 0 : 1);
    t.true(
      notes.every(
        (text) =>
          text.endsWith(`has no place for them: ${note}`) ||
          text.endsWith(`state_dict is read, ${note} beside it is not (save it alone)`),
      ),
      notes[0],
    );
  });
}

for (const [name, message] of [
  ['whole-module.pt', /found torch\.nn\.modules\.linear\.Linear\n.*in Python: import torch[\s\S]*st\.save_file\(/],
  ['code.pt', /found posix\.system\n.*in Python: import torch[\s\S]*st\.save_file\(/],
  ['before-1.6.pt', /found a Python pickle, which is not read[\s\S]*st\.save_file\(/],
  ['torchscript.pt', /found a TorchScript program \(torch\.jit\.save\): save model\.state_dict\(\)/],
  ['deeper.safetensors', /expected the weights of this architecture but found 1 unexpected: layer1\.4\.weight$/],
  [
    'two.safetensors',
    /expected the weights of one network but found two that fit: (model|ema)\.\* and (model|ema)\.\*/,
  ],
] as const) {
  test.serial(`${name} is refused by name, and nothing of it is executed`, async (t) => {
    const error = await t.throwsAsync(load(fixture(name)), { instanceOf: ConvoyError, code: 'CONVOY_WEIGHTS' });
    t.regex(error?.message ?? '', message);
    t.false(existsSync('executed.txt'));
  });
}

test.serial('an index names files beside it alone, and no index', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convoy-shards-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const index = join(folder, 'a.safetensors');
  for (const [shard, message] of [
    ['../a.safetensors', /expected weights files beside it/],
    ['other.json', /expected weights files beside it/],
    ['a.safetensors', /weightsManifest: expected a list/], // itself
    ['absent.safetensors', /expected a readable weights file/],
  ] as const) {
    writeFileSync(index, JSON.stringify({ weight_map: { 'fc.weight': shard } }));
    await t.throwsAsync(readWeightsFile(index), { instanceOf: ConvoyError, code: 'CONVOY_WEIGHTS', message });
  }
});

test.serial('a damaged .pt is read or refused, never a crash', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convoy-torch-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const whole = readFileSync(fixture('checkpoint.ckpt'));
  const file = join(folder, 'damaged.pt');
  const stream = new RandomStream(0, 'test');
  for (let attempt = 0; attempt < 120; attempt++) {
    const bytes = Buffer.from(attempt % 3 === 0 ? whole.subarray(0, stream.below(whole.length)) : whole);
    // The pickle and the directory are where damage matters: the first and the last quarter.
    const quarter = Math.floor(bytes.length / 4);
    for (let at = 0; at < 3 && quarter > 0; at++) {
      const place = at % 2 === 0 ? stream.below(quarter) : bytes.length - 1 - stream.below(quarter);
      bytes[place] = stream.below(256);
    }
    writeFileSync(file, bytes);
    const error: unknown = await readWeightsFile(file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    t.true(error === undefined || (error instanceof ConvoyError && error.code === 'CONVOY_WEIGHTS'), String(error));
  }
});
