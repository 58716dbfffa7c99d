import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { loadNative } from '../../src/native/index.js';
import { evaluateSplit } from '../../src/training/evaluation.js';
import { inMemory, withRuntime } from '../support/in-memory.js';

test.before(async () => {
  await loadNative(); // models are made on its backend
});

const side = 4;
const pixelsPerImage = side * side;
const classes = 3;

/** Random images with random labels: a fixed linear network is right about a third of them. */
function noise(count: number): { pixels: Uint8Array; labels: Int32Array } {
  const random = new RandomStream(12, 'test', count);
  return {
    pixels: Uint8Array.from({ length: count * pixelsPerImage }, () => random.below(256)),
    labels: Int32Array.from({ length: count }, () => random.below(classes)),
  };
}

const kernel = Float32Array.from({ length: pixelsPerImage * classes }, (_, index) => Math.fround(Math.sin(index + 1)));
const bias = Float32Array.of(0.5, -0.25, 0.125);

function linear(): LayersModel {
  return tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [side, side, 1] }), tf.layers.dense({ name: 'head', units: classes })],
  });
}

/** Logits of sample i, in float64. */
function logits(pixels: Uint8Array, sample: number): number[] {
  return Array.from({ length: classes }, (_, label) => {
    let sum = bias[label] as number;
    for (let p = 0; p < pixelsPerImage; p++) {
      sum += ((pixels[sample * pixelsPerImage + p] as number) / 255) * (kernel[p * classes + label] as number);
    }
    return sum;
  });
}

for (const engine of ['compiled', 'eager'] as const) {
  test.serial(`${engine}: every sample counts once, where nothing divides`, async (t) => {
    const count = 519; // batches of evaluation hold 256: two and a rest of 7 samples, fewer than shards
    const { pixels, labels } = noise(count);
    let loss = 0;
    let right = 0;
    for (const [sample, label] of labels.entries()) {
      const z = logits(pixels, sample);
      loss += Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - (z[label] as number);
      right += z.indexOf(Math.max(...z)) === label ? 1 : 0;
    }
    const config = {
      dataset: 'noise',
      model: { name: 'linear' },
      engine,
      workers: engine === 'compiled' ? 2 : 1,
      shards: 8,
      batchSize: 8,
    };
    const options = { datasets: inMemory(pixels, labels, side, classes), model: linear(), weights: [kernel, bias] };
    await withRuntime(config, options, async (runtime) => {
      const stage = runtime.evaluationStage(runtime.datasets.test);
      const { coordinator, arena, layout, evaluationSlots } = runtime;
      const outputs = new Float32Array(count * classes);
      const done: number[] = [];
      const scores = await evaluateSplit({
        stage,
        coordinator,
        arena,
        layout,
        slots: evaluationSlots,
        count,
        onOutputs: (values, { position }) => outputs.set(values, position * classes),
        onBatch: (samples) => done.push(samples),
      });
      await stage.close();
      t.is(layout.capacity, 256);
      t.is(scores.accuracy, right / count);
      t.true(Math.abs(scores.loss - loss / count) < (1e-5 * loss) / count, `${scores.loss} and ${loss / count}`);
      t.is(done.length, 3);
      t.is(done.at(-1), count);
      let largest = 0;
      for (let sample = 0; sample < count; sample++) {
        for (const [label, expected] of logits(pixels, sample).entries()) {
          largest = Math.max(largest, Math.abs((outputs[sample * classes + label] as number) - expected));
        }
      }
      t.true(largest < 1e-4, `outputs are off by ${largest}`);
    });
  });
}

test.serial('an aborted evaluation ends with the reason', async (t) => {
  const { pixels, labels } = noise(37);
  const model = linear();
  const datasets = inMemory(pixels, labels, side, classes);
  await withRuntime(
    { dataset: 'noise', model: { name: 'linear' }, workers: 1 },
    { datasets, model },
    async (runtime) => {
      const stage = runtime.evaluationStage(runtime.datasets.test);
      const { coordinator, arena, layout, evaluationSlots } = runtime;
      const reason = new Error('enough');
      const evaluation = evaluateSplit({
        stage,
        coordinator,
        arena,
        layout,
        slots: evaluationSlots,
        count: 37,
        signal: AbortSignal.abort(reason),
      });
      t.is(await t.throwsAsync(evaluation), reason);
      await stage.close();
    },
  );
});
