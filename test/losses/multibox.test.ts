import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type Tensor, tf } from '../../src/base/tf.js';
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

/** As in `test/fixtures/detection/ssdlite.py`: cells at strides 16, 32, 64 and 128. */
const image = { height: 64, width: 96, channels: 3 };
const [images, points, classes, rows] = [3, 6 * (4 * 6 + 2 * 3 + 2 + 1), 3, 6];
const cases: Readonly<Record<string, object>> = { usual: {}, other: { overlap: 0.3, negatives: 1 } };

async function fixture(): Promise<(name: string) => Float32Array> {
  const { tensors } = await readSafetensors('test/fixtures/detection/ssdlite.safetensors');
  const torch = new Map(tensors.map(({ name, data }) => [name, Float32Array.from(data)]));
  return (name) => {
    const data = torch.get(name);
    if (data === undefined) throw new RangeError(name);
    return data;
  };
}

const floats = (tensor: Tensor): Float32Array => Float32Array.from(tensor.dataSync());

test.before(async () => {
  await loadNative();
});

for (const [name, options] of Object.entries(cases)) {
  test.serial(`${name}: tensors have torchvision's losses, weights and gradient, and none is left`, async (t) => {
    const of = await fixture();
    const spec = parseLoss({ name: 'multibox', ...options });
    const before = tf.memory().numTensors;
    const outputs = tf.tensor3d(of('outputs'), [images, points, 4 + classes]);
    const boxes = tf.tensor3d(of('boxes'), [images, rows, 6]);
    const { losses, weights } = detectionLosses(spec, outputs, boxes, image);
    t.true(relativeDifference(floats(losses), of(`${name}/losses`)) < 1e-5, losses.toString());
    t.deepEqual(floats(weights), of(`${name}/weights`));
    const gradient = tf.grad((x: Tensor) => {
      const found = detectionLosses(spec, x, boxes, image);
      return found.losses.mul(found.weights).sum().div(found.weights.sum());
    })(outputs);
    const apart = relativeDifference(floats(gradient), of(`${name}/gradient`));
    t.true(apart < 1e-5, `${apart}`);
    tf.dispose([outputs, boxes, losses, weights, gradient]);
    t.is(tf.memory().numTensors, before);
  });

  test.serial(`${name}: the graph has torchvision's losses, weights and gradient`, async (t) => {
    const of = await fixture();
    const graph = new GraphBuilder();
    const outputs = graph.placeholder('outputs', 'float32', [-1, points, 4 + classes]);
    const boxes = graph.placeholder('boxes', 'float32', [-1, rows, 6]);
    const spec = {
      loss: parseLoss({ name: 'multibox', ...options }),
      preprocess: { scale: [1, 1, 1], offset: [0, 0, 0] },
      precision: 'float32',
      targets: 'boxes',
      boxes: rows,
      classes,
      image,
    } as const;
    const { losses, weights } = lowerLoss(graph, spec, outputs, boxes);
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
      const apart = relativeDifference(found[place] ?? new Float32Array(), of(`${name}/${what}`));
      t.true(apart < 1e-5, `${what}: ${apart}`);
    }
    evaluation.graph.dispose();
  });
}

test('an image without objects weighs nothing and has loss 0, as in torchvision', async (t) => {
  const of = await fixture();
  const outputs = tf.tensor3d(of('outputs').subarray(0, points * (4 + classes)), [1, points, 4 + classes]);
  const { losses, weights } = detectionLosses(parseLoss('multibox'), outputs, tf.zeros([1, rows, 6]), image);
  t.deepEqual([losses.dataSync()[0], weights.dataSync()[0]], [0, 0]);
});

test('boxes as small as nothing have finite losses', (t) => {
  const outputs = tf.zeros([1, points, 4 + classes]);
  const boxes = tf.tensor3d([10, 12, 38, 40, 0, 1], [1, 1, 6]);
  const { losses } = detectionLosses(parseLoss('multibox'), outputs, boxes, image);
  t.true(Number.isFinite(losses.dataSync()[0]));
});

test('default boxes that no feature maps have are refused', (t) => {
  const error = t.throws(
    () => detectionLosses(parseLoss('multibox'), tf.zeros([1, 197, 7]), tf.zeros([1, 2, 6]), image),
    { instanceOf: ConvoyError },
  );
  t.regex(error?.message ?? '', /6 for each cell.*64x96.*197/);
});
