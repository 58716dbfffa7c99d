import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import { gradients } from '../../src/graph/gradients/reverse.js';
import { graphAlgebra } from '../../src/graph/loss/algebra.js';
import { detectionLosses, parseLoss } from '../../src/losses/index.js';
import { lossNamed } from '../../src/losses/registry.js';
import { loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary, unary } from '../../src/ops/elementwise.js';
import { reduce } from '../../src/ops/reduce.js';
import type { Value } from '../../src/ops/types.js';
import { readSafetensors } from '../../src/weights/index.js';
import { relativeDifference } from '../support/engine-run.js';
import { GraphEvaluation } from '../support/graph-eval.js';

/** As in `test/fixtures/detection/rpn.py`: cells at strides 4 to 64, 4 and a box and a class. */
const image = { height: 64, width: 96, channels: 3 };
const [images, points, rows] = [3, 3 * (16 * 24 + 8 * 12 + 4 * 6 + 2 * 3 + 2), 6];
const cases: Readonly<Record<string, object>> = {
  usual: {},
  other: { foreground: 0.5, samples: 12, positives: 0.25 },
};

async function fixture(): Promise<(name: string) => Float32Array> {
  const { tensors } = await readSafetensors('test/fixtures/detection/rpn.safetensors');
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
    const spec = parseLoss({ name: 'regionProposal', ...options });
    const before = tf.memory().numTensors;
    const outputs = tf.tensor3d(of('outputs'), [images, points, 5]);
    const boxes = tf.tensor3d(of('boxes'), [images, rows, 6]);
    const drawn = (shape: readonly number[]): Tensor => tf.tensor(of('uniform'), [...shape]);
    const lossesOf = (x: Tensor) => detectionLosses(spec, x, boxes, image, drawn);
    const { losses, weights } = lossesOf(outputs);
    t.true(relativeDifference(floats(losses), of(`${name}/losses`)) < 1e-5, losses.toString());
    t.deepEqual(floats(weights), of(`${name}/weights`));
    const gradient = tf.grad((x: Tensor) => {
      const found = lossesOf(x);
      return found.losses.mul(found.weights).sum().div(found.weights.sum());
    })(outputs);
    const apart = relativeDifference(floats(gradient), of(`${name}/gradient`));
    t.true(apart < 1e-5, `${apart}`);
    tf.dispose([outputs, boxes, losses, weights, gradient]);
    t.is(tf.memory().numTensors, before);
  });

  test.serial(`${name}: the graph has torchvision's losses, weights and gradient`, async (t) => {
    const of = await fixture();
    const spec = parseLoss({ name: 'regionProposal', ...options });
    const graph = new GraphBuilder();
    const outputs = graph.placeholder('outputs', 'float32', [-1, points, 5]);
    const targets = graph.placeholder('boxes', 'float32', [-1, rows, 6]);
    const numbers = graph.placeholder('numbers', 'float32', [-1, 1, points]);
    const boxes = { outputs, points, classes: 1, targets, rows, image, uniform: () => numbers };
    const inputs = { outputs, width: 5, logits: undefined, indices: undefined, rows: targets, boxes };
    const { losses, weights } = lossNamed(spec).sample(spec, inputs, graphAlgebra(graph));
    if (weights === undefined) throw new TypeError('weights');
    const total = reduce(graph, 'Sum', binary(graph, 'Mul', losses, weights));
    const mean = binary(graph, 'RealDiv', total, reduce(graph, 'Sum', weights));
    const [gradient] = gradients(graph, unary(graph, 'Identity', mean), [outputs]);
    const evaluation = await GraphEvaluation.open(await loadNative(), graph);
    const feeds = [
      { value: outputs, data: of('outputs'), shape: [images, points, 5] },
      { value: targets, data: of('boxes'), shape: [images, rows, 6] },
      { value: numbers, data: of('uniform'), shape: [images, 1, points] },
    ];
    const found = evaluation.values(feeds, [losses, weights, gradient as Value]) as Float32Array[];
    for (const [place, what] of ['losses', 'weights', 'gradient'].entries()) {
      const apart = relativeDifference(found[place] ?? new Float32Array(), of(`${name}/${what}`));
      t.true(apart < 1e-5, `${what}: ${apart}`);
    }
    evaluation.graph.dispose();
  });
}

test('anchors that no feature maps have are refused', (t) => {
  const error = t.throws(
    () => detectionLosses(parseLoss('regionProposal'), tf.zeros([1, 1535, 5]), tf.zeros([1, 2, 6]), image),
    { instanceOf: ConvoyError },
  );
  t.regex(error?.message ?? '', /3 for each cell.*64x96.*1535/);
});
