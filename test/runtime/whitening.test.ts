import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import type { Dataset } from '../../src/contracts/index.js';
import { slotNames } from '../../src/memory/index.js';
import { createModel, initialWeights, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { patchStatistics, startWeights, whiteningFilters } from '../../src/runtime/whitening.js';
import { Trainer } from '../../src/training/trainer.js';
import { summaryOf } from '../support/summary.js';

const [count, size, channels] = [40, 10, 2];
const preprocess = { scale: [1 / 50, 1 / 70], offset: [-2, -1] };

/** Images whose neighbours resemble each other and whose second channel resembles the first. */
function images(): Dataset {
  const labels = new Int32Array(new SharedArrayBuffer(4 * count));
  labels.forEach((_, i) => (labels[i] = i % 3));
  const pixels = new Uint8Array(new SharedArrayBuffer(count * size * size * channels));
  const random = new RandomStream(1, 'test', 7);
  for (let i = 0; i < pixels.length; i += channels) {
    const before = i >= channels ? (pixels[i - channels] ?? 0) : 128;
    pixels[i] = Math.round(0.6 * before + 100 * random.uniform());
    pixels[i + 1] = Math.round(0.4 * (pixels[i] ?? 0) + 120 * random.uniform());
  }
  return {
    name: 'related',
    split: 'train',
    count,
    classes: ['a', 'b', 'c'],
    shape: { height: size, width: size, channels },
    store: { kind: 'pixels', pixels },
    targets: { kind: 'classes', labels },
    fingerprint: 'related',
  };
}

/** All patches of 2x2 cut out one by one, as the network's input. */
function patches(dataset: Dataset): number[][] {
  const { store } = dataset;
  if (store.kind !== 'pixels') throw new TypeError('pixels wanted');
  const value = (image: number, row: number, column: number, channel: number): number =>
    (store.pixels[((image * size + row) * size + column) * channels + channel] ?? Number.NaN) *
      (preprocess.scale[channel] ?? 0) +
    (preprocess.offset[channel] ?? 0);
  const corners = Array.from({ length: size - 1 }, (_, i) => i);
  return Array.from({ length: count }, (_, image) => image).flatMap((image) =>
    corners.flatMap((row) =>
      corners.map((column) =>
        [0, 1].flatMap((y) =>
          [0, 1].flatMap((x) => [0, 1].map((channel) => value(image, row + y, column + x, channel))),
        ),
      ),
    ),
  );
}

function mean(rows: readonly (readonly number[])[]): number[] {
  return (rows[0] ?? []).map((_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length);
}

/** By definition: the mean product of deviations. */
function covariance(rows: readonly (readonly number[])[]): number[][] {
  const centre = mean(rows);
  return centre.map((_, i) =>
    centre.map(
      (__, j) =>
        rows.reduce((sum, row) => sum + ((row[i] ?? 0) - (centre[i] ?? 0)) * ((row[j] ?? 0) - (centre[j] ?? 0)), 0) /
        rows.length,
    ),
  );
}

function largest(values: Iterable<number>): number {
  return Math.max(...Array.from(values, Math.abs));
}

test('mean and covariance of patches are those of the patches cut out one by one', async (t) => {
  const dataset = images();
  const rows = patches(dataset);
  const found = await patchStatistics(dataset, { height: 2, width: 2, channels }, preprocess);
  t.true(largest(mean(rows).map((value, i) => value - (found.mean[i] ?? Number.NaN))) < 1e-10);
  t.true(
    largest(
      covariance(rows)
        .flat()
        .map((value, i) => value - (found.covariance[i] ?? Number.NaN)),
    ) < 1e-10,
  );
});

test('whitened patches have mean 0 and the identity as covariance, and then come their negatives', async (t) => {
  const dataset = images();
  const axes = 4 * channels;
  const statistics = await patchStatistics(dataset, { height: 2, width: 2, channels }, preprocess);
  const { kernel, bias } = whiteningFilters(statistics, 2 * axes, 0);
  const whitened = patches(dataset).map((patch) =>
    Array.from(bias, (shift, filter) =>
      patch.reduce((sum, value, i) => sum + value * (kernel[i * 2 * axes + filter] ?? 0), shift),
    ),
  );
  // The filters are float32: a dozen products of about 10 have errors of about 1e-6.
  t.true(largest(mean(whitened)) < 1e-5);
  const identity = covariance(whitened.map((row) => row.slice(0, axes)));
  t.true(largest(identity.flatMap((row, i) => row.map((value, j) => value - (i === j ? 1 : 0)))) < 1e-5);
  t.true(
    largest(whitened.flatMap((row) => row.slice(0, axes).map((value, i) => value + (row[axes + i] ?? Number.NaN)))) <
      1e-5,
  );
});

test('damping is a share of the mean eigenvalue: variances 3 and 1 with 0.5 become 3/4 and 1/2', (t) => {
  const { kernel, bias } = whiteningFilters(
    { mean: Float64Array.of(5, 7), covariance: Float64Array.of(1, 0, 0, 3) },
    4,
    0.5,
  );
  // The first axis is the second value, over the root of 3 + 0.5 * 2; the other over the root of 1 + 1. Signs are free.
  const squares = [0, 1 / 2, 0, 1 / 2, 1 / 4, 0, 1 / 4, 0];
  squares.forEach((square, i) => t.true(Math.abs((kernel[i] ?? 0) ** 2 - square) < 1e-6));
  t.true(Math.abs((bias[0] ?? 0) ** 2 - 49 / 4) < 1e-5);
  t.is(bias[2], -(bias[0] ?? 0));
});

test('images that do not differ cannot be whitened', (t) => {
  const error = t.throws(() => whiteningFilters({ mean: new Float64Array(2), covariance: new Float64Array(4) }, 4), {
    instanceOf: ConvoyError,
  });
  t.is(error?.code, 'CONVOY_DATA');
});

test('a new cifar10-fast starts with the whitening of its training images, and all else from the seed', async (t) => {
  await loadNative();
  const dataset = images();
  const model = createModel('cifar10-fast', { height: size, width: size, channels, classes: 3, widthFactor: 0.125 });
  const names = modelParameters(model).map(({ spec }) => spec.name);
  const drawn = initialWeights(model, 1);
  const weights = await startWeights(model, 1, dataset, preprocess);
  t.deepEqual(
    names.filter((_, i) => !isDeepStrictEqual(weights[i], drawn[i])),
    ['whitening/kernel', 'whitening/bias'],
  );
  t.deepEqual(await startWeights(model, 1, dataset, preprocess), weights);

  // The layer itself: variance 1 along each axis but for the damping of 5e-4 of the mean eigenvalue.
  setWeights(model, weights);
  const { variance, average } = tf.tidy(() => {
    const pixels = dataset.store.kind === 'pixels' ? Float32Array.from(dataset.store.pixels) : [];
    const x = tf.tensor(pixels, [count, size, size, channels]).mul(preprocess.scale).add(preprocess.offset);
    const y = model.getLayer('whitening').apply(x) as Tensor;
    const { mean: centre, variance: squares } = tf.moments(y, [0, 1, 2]);
    return { variance: squares.dataSync(), average: centre.dataSync() };
  });
  t.is(variance.length, 16);
  t.true(largest(average) < 1e-4);
  for (const value of variance) t.true(value > 0.95 && value < 1.0001, `${value}`);
  model.dispose();
});

test('a whitening convolution must be the first layer and have no more filters than axes and negatives', async (t) => {
  await loadNative();
  const dataset = images();
  const whitening = (filters: number) =>
    tf.layers.conv2d({
      name: 'white',
      filters,
      kernelSize: 2,
      kernelInitializer: 'Whitening',
      inputShape: [size, size, channels],
    });
  const late = tf.sequential({
    layers: [tf.layers.reLU({ name: 'relu', inputShape: [size, size, channels] }), whitening(4)],
  });
  const behind = await t.throwsAsync(startWeights(late, 0, dataset, preprocess), {
    instanceOf: ConvoyError,
    code: 'CONVOY_MODEL',
  });
  t.regex(behind?.message ?? '', /white: expected it right behind the input/);
  const wide = tf.sequential({ layers: [whitening(17)] });
  const many = await t.throwsAsync(startWeights(wide, 0, dataset, preprocess), {
    instanceOf: ConvoyError,
    code: 'CONVOY_MODEL',
  });
  t.regex(many?.message ?? '', /white: expected at most 16 filters.* but found 17/);
});

test.serial('training starts from the whitening, and leaves it as it is', async (t) => {
  await loadNative();
  const train = images();
  const datasets = { train, test: { ...train, split: 'test' as const } };
  const kernels: number[][] = [];
  const model = { name: 'cifar10-fast', widthFactor: 0.125 };
  for (const engine of ['compiled', 'eager'] as const) {
    let read = (): number[] => [];
    const trainer = new Trainer({
      config: {
        dataset: 'related',
        model,
        engine,
        epochs: 1,
        batchSize: 20,
        shards: 2,
        workers: 1,
        learningRate: 0.01,
        normalize: { mean: [0.4, 0.3], std: [0.2, 0.3] },
      },
      datasets,
      onStart: ({ arena, layout }) => {
        const place = layout.parameters.find(({ name }) => name === 'whitening/kernel');
        if (place === undefined) throw new TypeError('no whitening kernel');
        read = () => [...arena.float32(arena.slot(slotNames.weights), place.offset, place.length)];
      },
    });
    await trainer.train().then(summaryOf);
    kernels.push(read());
  }
  // As `normalize` says: (pixel / 255 - mean) / deviation.
  const scale = [1 / (255 * 0.2), 1 / (255 * 0.3)];
  const statistics = await patchStatistics(train, { height: 2, width: 2, channels }, { scale, offset: [-2, -1] });
  const expected = [...whiteningFilters(statistics, 8 * channels).kernel];
  for (const kernel of kernels) t.deepEqual(kernel, expected);
});
