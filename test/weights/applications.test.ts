import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { downloadFile, downloadOnce } from '../../src/data/index.js';
import { createModel, initialWeights, modelParameters, networks, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import {
  applicationNamed,
  applications,
  applicationWeights,
  downloadApplicationWeights,
  mapWeights,
  readWeightsFile,
  writeSafetensors,
} from '../../src/weights/index.js';

const folder = await mkdtemp(join(tmpdir(), 'convoy-applications-'));

test.before(async () => {
  await loadNative();
});

/** Serves `answer` on a free port for the time of `use`. */
async function withServer<T>(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  use: (address: string) => Promise<T>,
): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    return await use(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('every application is a network of ours, at official addresses, with both files pinned', (t) => {
  const known = networks.map(({ name }) => name);
  for (const { name, whole, base, preprocess } of applications) {
    t.true(known.includes(name), name);
    for (const { url, md5, name: file } of [whole, base]) {
      t.regex(url, /^https:\/\/storage\.googleapis\.com\/(tensorflow\/)?keras-applications\//);
      t.true(url.endsWith(`/${file}`));
      t.regex(md5, /^[0-9a-f]{32}$/);
    }
    t.is(preprocess.scale.length, 3);
    t.is(preprocess.offset.length, 3);
  }
  const pins = applications.flatMap(({ whole, base }) => [whole.md5, base.md5]);
  t.is(new Set(pins).size, pins.length);
});

test('a network without published weights is refused with the list of those that have some', (t) => {
  t.throws(() => applicationNamed('lenet5'), {
    message: /one of vgg16, .*, densenet121 .*received "lenet5"/,
  });
});

// keras.applications.imagenet_utils.preprocess_input of Keras 3.15 for the RGB pixel 10, 128, 255, in RGB order.
const preprocessed: readonly (readonly [name: string, values: readonly number[]])[] = [
  ['vgg16', [10 - 123.68, 128 - 116.779, 255 - 103.939]],
  ['mobilenet-v1', [-0.9215686274509804, 0.003921568627450966, 1]],
  ['densenet121', [-1.9466563918143676, 0.20518207282913153, 2.6399999999999997]],
];
for (const [name, values] of preprocessed) {
  test(`pixels are prepared as Keras prepares them: ${name}`, (t) => {
    const { scale, offset } = applicationNamed(name).preprocess;
    [10, 128, 255].forEach((pixel, channel) => {
      const actual = pixel * (scale[channel] ?? NaN) + (offset[channel] ?? NaN);
      t.true(Math.abs(actual - (values[channel] ?? NaN)) < 1e-5, `${actual}`);
    });
  });
}

function predict(model: LayersModel, input: Float32Array, shape: number[]): Float32Array {
  return tf.tidy(() => (model.predict(tf.tensor(input, shape)) as Tensor).dataSync<'float32'>().slice());
}

/** A model's weights, drawn from a seed, in a file by the names of its parameters. */
async function savedWeights(model: LayersModel, name: string): Promise<string> {
  const file = join(folder, name);
  const values = initialWeights(model, 1);
  const tensors = modelParameters(model).map(({ spec }, index) => ({
    name: spec.name,
    shape: spec.shape,
    data: values[index] ?? new Float32Array(),
  }));
  await writeSafetensors(file, tensors);
  return file;
}

test.serial('weights trained on BGR pixels take RGB: the same features for the same picture', async (t) => {
  const model = createModel('vgg16', {
    height: 32,
    width: 32,
    channels: 3,
    classes: 4,
    widthFactor: 0.125,
    hidden: 16,
  });
  const file = await readWeightsFile(await savedWeights(model, 'vgg16.safetensors'));
  const bgr = Float32Array.from({ length: 2 * 3072 }, (_, index) => Math.sin(index));
  const rgb = bgr.map((_, index) => bgr[index - (index % 3) + 2 - (index % 3)] ?? NaN);
  setWeights(model, mapWeights(model, file));
  const features = tf.model({ inputs: model.inputs, outputs: model.getLayer('block1_pool').output });
  const expected = predict(features, bgr, [2, 32, 32, 3]);
  setWeights(model, applicationWeights(model, 'vgg16', file));
  const actual = predict(features, rgb, [2, 32, 32, 3]);
  const size = Math.max(...expected.map(Math.abs));
  t.true(size > 0);
  t.true(expected.every((value, at) => Math.abs(value - (actual[at] ?? NaN)) < 1e-5 * size));
  model.dispose();
});

test.serial("EfficientNet's input is normalized as Keras normalizes it with ImageNet's weights", async (t) => {
  const model = createModel('efficientnet-b0', { height: 32, width: 32, channels: 3, classes: 2 });
  const path = await savedWeights(model, 'efficientnet.safetensors');
  const file = await readWeightsFile(path);
  // As in the published file: means, and deviations in the place of variances.
  const statistics = new Map([
    ['normalization/mean', [0.485, 0.456, 0.406]],
    ['normalization/variance', [0.229, 0.224, 0.225]],
  ]);
  const tensors = file.tensors.map((tensor) => ({
    ...tensor,
    data: Float32Array.from(statistics.get(tensor.name) ?? tensor.data),
  }));
  setWeights(model, applicationWeights(model, 'efficientnet-b0', { ...file, tensors }));
  const stage = tf.model({ inputs: model.inputs, outputs: model.getLayer('normalization').output });
  const picture = Float32Array.from({ length: 3072 }, (_, index) => [10, 128, 255][index % 3] ?? 0);
  const actual = predict(stage, picture, [1, 32, 32, 3]);
  // Rescaling(1/255), Normalization(mean, variance), Rescaling(1/sqrt(deviation)) of Keras 3.15 for 10, 128, 255.
  const expected = [-1.9466564655303955, 0.20518220961093903, 2.640000104904175];
  for (const [channel, value] of expected.entries())
    t.true(Math.abs(value - (actual[channel] ?? NaN)) < 1e-5, `${actual[channel]}`);
  model.dispose();
});

test.serial('a new head keeps its initial values when the base takes published weights', async (t) => {
  const options = { height: 32, width: 32, channels: 3, widthFactor: 0.02, hidden: 8 };
  const file = await readWeightsFile(
    await savedWeights(createModel('vgg16', { ...options, classes: 10 }), 'ten.safetensors'),
  );
  const model = createModel('vgg16', { ...options, classes: 4 });
  const initial = initialWeights(model, 2);
  const weights = applicationWeights(model, 'vgg16', file, { skip: 'head', initial });
  t.deepEqual(weights.at(-2), initial.at(-2));
  t.deepEqual(weights.at(-3), file.tensors.at(-3)?.data);
  model.dispose();
});

test.serial('a file that is not the pinned one is refused and not kept', async (t) => {
  const cacheDir = await mkdtemp(join(folder, 'cache-'));
  const asked: (string | undefined)[] = [];
  await withServer(
    (request, response) => {
      asked.push(request.url);
      response.end('not these weights');
    },
    async (mirror) => {
      const error = await t.throwsAsync(downloadApplicationWeights('vgg16', { cacheDir, mirror }), {
        instanceOf: ConvoyError,
      });
      t.is((error as ConvoyError).code, 'CONVOY_DATA');
      t.regex(error?.message ?? '', /expected MD5 6d6bbae143d832006294945121d1f1fc but found [0-9a-f]{32}$/);
    },
  );
  t.deepEqual(asked, ['/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5']);
  t.deepEqual(await readdir(cacheDir), []);
});

/** Of the text `weights`, by md5sum and sha256sum of GNU coreutils. */
const weightsFile = { name: 'weights.h5', md5: '63f4f1e9b725370f459720575cd5f953' };
const weightsSha256 = '9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c';
const nowhere = 'http://127.0.0.1:1';

test.serial('a download is asked for once; its SHA-256 stands beside it and finds a later change', async (t) => {
  const target = join(await mkdtemp(join(folder, 'once-')), 'weights.h5');
  await withServer(
    (_, response) => response.end('weights'),
    (url) => downloadOnce(url, weightsFile, target, {}),
  );
  t.is(await readFile(`${target}.sha256`, 'utf8'), `${weightsSha256}  weights.h5\n`);
  await downloadOnce(nowhere, weightsFile, target, {});
  await writeFile(target, 'Weights');
  const error = await t.throwsAsync(downloadOnce(nowhere, weightsFile, target, {}), { instanceOf: ConvoyError });
  t.is((error as ConvoyError).code, 'CONVOY_DATA');
  t.regex(error?.message ?? '', new RegExp(`expected SHA-256 ${weightsSha256}, as .* found [0-9a-f]{64}; remove it`));
});

test.serial('weights in the cache without a record are held to the pinned checksum, then recorded', async (t) => {
  const target = join(await mkdtemp(join(folder, 'once-')), 'weights.h5');
  await writeFile(target, 'Weights');
  await t.throwsAsync(downloadOnce(nowhere, weightsFile, target, {}), {
    message: new RegExp(`expected MD5 ${weightsFile.md5}, as it was downloaded but found [0-9a-f]{32}; remove it`),
  });
  await writeFile(target, 'weights');
  await downloadOnce(nowhere, weightsFile, target, {});
  t.is(await readFile(`${target}.sha256`, 'utf8'), `${weightsSha256}  weights.h5\n`);
  const cacheDir = await mkdtemp(join(folder, 'cache-'));
  await writeFile(join(cacheDir, 'vgg16_weights_tf_dim_ordering_tf_kernels.h5'), '');
  await t.throwsAsync(downloadApplicationWeights('vgg16', { cacheDir, includeTop: true, mirror: nowhere }), {
    message: /expected MD5 64373286793e3c8b2b4e3219cbf3544b, as it was downloaded/,
  });
});

test.serial(
  'a download of unknown size goes on where it broke off, and starts again when its part does not fit',
  async (t) => {
    const content = Buffer.from('weights '.repeat(100));
    const md5 = createHash('md5').update(content).digest('hex');
    const ranges: (string | undefined)[] = [];
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
      ranges.push(request.headers.range);
      const from = Number(range?.[1] ?? 0);
      if (from >= content.length) response.writeHead(416).end();
      else if (range === null) response.end(content);
      else {
        const headers = {
          'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
          'content-length': content.length - from,
        };
        response.writeHead(206, headers).end(content.subarray(from));
      }
    };
    await withServer(answer, async (url) => {
      const target = join(await mkdtemp(join(folder, 'part-')), 'weights.h5');
      await writeFile(`${target}.part`, content.subarray(0, 300));
      const totals = new Set<number>();
      await downloadFile(url, { name: 'weights.h5', md5 }, target, { onProgress: ({ total }) => totals.add(total) });
      t.deepEqual(await readFile(target), content);
      t.deepEqual([...totals], [800]);
      const again = join(await mkdtemp(join(folder, 'part-')), 'weights.h5');
      await writeFile(`${again}.part`, Buffer.concat([content, content]));
      await downloadFile(url, { name: 'weights.h5', md5 }, again, {});
      t.deepEqual(await readFile(again), content);
    });
    t.deepEqual(ranges, ['bytes=300-', 'bytes=1600-', undefined]);
  },
);
