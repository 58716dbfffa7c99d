import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import type { LossSpec } from '../../src/contracts/index.js';
import { gradients } from '../../src/graph/gradients/reverse.js';
import { lowerLoss } from '../../src/graph/loss/index.js';
import { detectionLosses, parseLoss } from '../../src/losses/index.js';
import { loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary, unary } from '../../src/ops/elementwise.js';
import { reduce } from '../../src/ops/reduce.js';
import type { Value } from '../../src/ops/types.js';
import { readSafetensors } from '../../src/weights/index.js';
import { relativeDifference } from '../support/engine-run.js';
import { GraphEvaluation } from '../support/graph-eval.js';

const image = { height: 64, width: 96, channels: 3 };
const [images, points, classes, rows] = [3, 126, 3, 6];

/** As in `test/fixtures/detection/loss.py`. */
const cases: Readonly<Record<string, object>> = {
  usual: {},
  levels: { reach: 2, radius: 2.5, box: 'ciou', boxWeight: 1.5 },
  focal: { classification: 'focal', reach: 3 },
  aligned: { assignment: 'aligned', candidates: 4 },
  aligned_complete: { assignment: 'aligned', box: 'ciou', classification: 'focal', gamma: 1.5, alpha: 0.5 },
};

async function fixture(): Promise<(name: string) => Float32Array> {
  const { tensors } = await readSafetensors('test/fixtures/detection/loss.safetensors');
  const torch = new Map(tensors.map(({ name, data }) => [name, Float32Array.from(data)]));
  return (name) => {
    const data = torch.get(name);
    if (data === undefined) throw new RangeError(name);
    return data;
  };
}

function floats(tensor: Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}

test.before(async () => {
  await loadNative();
});

for (const [name, options] of Object.entries(cases)) {
  test.serial(`${name}: tensors have PyTorch's losses, weights and gradient, and none is left`, async (t) => {
    const of = await fixture();
    const spec = parseLoss({ name: 'detection', ...options });
    const before = tf.memory().numTensors;
    const outputs = tf.tensor3d(of('outputs'), [images, points, 4 + classes]);
    const boxes = tf.tensor3d(of('boxes'), [images, rows, 6]);
    const { losses, weights } = detectionLosses(spec, outputs, boxes, image);
    t.true(relativeDifference(floats(losses), of(`${name}/losses`)) < 1e-5, losses.toString());
    t.true(relativeDifference(floats(weights), of(`${name}/weights`)) < 1e-5, weights.toString());
    const gradient = tf.grad((x: Tensor) => {
      const found = detectionLosses(spec, x, boxes, image);
      return found.losses.mul(found.weights).sum().div(found.weights.sum());
    })(outputs);
    t.true(relativeDifference(floats(gradient), of(`${name}/gradient`)) < 1e-5);
    tf.dispose([outputs, boxes, losses, weights, gradient]);
    t.is(tf.memory().numTensors, before);
  });

  test.serial(`${name}: the graph has PyTorch's losses, weights and gradient`, async (t) => {
    const of = await fixture();
    const graph = new GraphBuilder();
    const outputs = graph.placeholder('outputs', 'float32', [-1, points, 4 + classes]);
    const boxes = graph.placeholder('boxes', 'float32', [-1, rows, 6]);
    const { losses, weights } = lowerLoss(graph, specOf(options), outputs, boxes);
    if (weights === undefined) throw new TypeError('weights');
    const total = reduce(graph, 'Sum', binary(graph, 'Mul', losses, weights));
    const mean = binary(graph, 'RealDiv', total, reduce(graph, 'Sum', weights));
    const [gradient] = gradients(graph, unary(graph, 'Identity', mean), [outputs]);
    const evaluation = await GraphEvaluation.open(await loadNative(), graph);
    const feeds = [
      { value: outputs, data: of('outputs'), shape: [images, points, 4 + classes] },
      { value: boxes, data: of('boxes'), shape: [images, rows, 6] },
    ];
    const found = evaluation.values(feeds, [losses, weights, gradient as Value]) as Float32Array[];
    for (const [place, what] of ['losses', 'weights', 'gradient'].entries()) {
      t.true(relativeDifference(found[place] ?? new Float32Array(), of(`${name}/${what}`)) < 1e-5, what);
    }
    evaluation.graph.dispose();
  });
}

function specOf(options: object) {
  return {
    loss: { name: 'detection', ...options } as LossSpec,
    preprocess: { scale: [1, 1, 1], offset: [0, 0, 0] },
    precision: 'float32',
    targets: 'boxes',
    boxes: rows,
    classes,
    image,
  } as const;
}

test('losses of the parts of a batch add up to those of the whole', async (t) => {
  const of = await fixture();
  const outputs = tf.tensor3d(of('outputs'), [images, points, 4 + classes]);
  const boxes = tf.tensor3d(of('boxes'), [images, rows, 6]);
  const spec = parseLoss('detection');
  const whole = detectionLosses(spec, outputs, boxes, image);
  const parts = [0, 1, 2].map((at) => {
    const [own, wanted] = [outputs.slice([at, 0, 0], [1, -1, -1]), boxes.slice([at, 0, 0], [1, -1, -1])];
    return detectionLosses(spec, own, wanted, image);
  });
  t.deepEqual(
    [...whole.losses.dataSync()],
    parts.flatMap(({ losses }) => [...losses.dataSync()]),
  );
  t.deepEqual(
    [...whole.weights.dataSync()],
    parts.flatMap(({ weights }) => [...weights.dataSync()]),
  );
  // The second image is empty: it weighs 1.
  t.is(whole.weights.dataSync()[1], 1);
});

test('points that no feature maps have are refused', (t) => {
  const error = t.throws(
    () => detectionLosses(parseLoss('detection'), tf.zeros([1, 125, 7]), tf.zeros([1, 2, 6]), image),
    { instanceOf: ConvoyError },
  );
  t.regex(error?.message ?? '', /a point for each cell.*64x96.*125/);
});
