import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { compiledGraph } from '../../src/engine/index.js';
import { emulated } from '../../src/graph/emulate.js';
import { compileModel } from '../../src/graph/index.js';
import { modelParameters } from '../../src/models/index.js';
import { cpuFeatures, loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary, cast } from '../../src/ops/elementwise.js';
import { matMul } from '../../src/ops/neural.js';
import { relu } from '../../src/ops/rectify.js';
import type { Value } from '../../src/ops/types.js';
import { precisionOf } from '../../src/runtime/step-spec.js';
import { distance, type Tensors } from '../support/distance.js';
import {
  engineRun,
  readGradients,
  readMoving,
  setBatch,
  setWeights,
  shardTask,
  stepSpec,
} from '../support/engine-run.js';
import { GraphEvaluation } from '../support/graph-eval.js';
import { compileHere, GraphRun } from '../support/graph-run.js';
import { madeUp, noise } from '../support/made-up-weights.js';

const { layers } = tf;
const emulation = { precision: 'bfloat16', emulateBfloat16: true } as const;

test.before(async () => {
  await loadNative();
});

/** No ReLU and no maximum: rounding would switch some of them, which is a difference of another kind. */
function smooth(): LayersModel {
  return tf.sequential({
    layers: [
      layers.conv2d({ filters: 8, kernelSize: 3, activation: 'tanh', inputShape: [12, 12, 3] }),
      layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false }),
      layers.batchNormalization({ epsilon: 0.3, momentum: 0.5 }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.25 }),
      layers.flatten({}),
      layers.dense({ units: 20, activation: 'elu' }),
      layers.dense({ units: 5 }),
    ],
  });
}

test.serial(
  'emulated bfloat16 gives gradients and moving statistics of float32 to a hundredth, and not its bits',
  async (t) => {
    const native = await loadNative();
    const model = smooth();
    const results = async (options: Parameters<typeof stepSpec>[1]): Promise<readonly [Tensors, Tensors]> => {
      const spec = stepSpec(model, options);
      const run = engineRun(model, spec, { capacity: 8 });
      setWeights(
        run,
        new Map(modelParameters(model).map(({ spec: { name, shape } }) => [name, madeUp(name, shape, 0.8)])),
      );
      setBatch(
        run,
        0,
        Uint8Array.from(noise('pixels', 8 * run.layout.imageBytes, 255, 127.5)),
        [0, 1, 2, 3, 4, 0, 1, 2],
      );
      const graph = await GraphRun.open(native, run, compileHere(native, model, spec), [1, 2]);
      graph.train(shardTask(8));
      graph.graph.dispose();
      return [readGradients(run), readMoving(run)];
    };
    const [rounded, exact] = [await results(emulation), await results({ precision: 'float32' })];
    for (const [part, expected] of exact.entries()) {
      const apart = distance(rounded[part] as Tensors, expected);
      // A rounding to 8 bits is up to 2^-9 of a number; float32 itself would differ by 2^-24.
      t.true(apart > 2 ** -12 && apart < 1e-2, `${part === 0 ? 'gradients' : 'moving statistics'} differ by ${apart}`);
    }
    for (const [name, values] of exact[0]) t.notDeepEqual(rounded[0].get(name), values, name);
  },
);

test.serial('operands and results are rounded to nearest even, and sums are those of float32', async (t) => {
  const native = await loadNative();
  const graph = new GraphBuilder();
  const fed = ['rows', 'columns'].map((name) => graph.placeholder(name, 'float32', [-1, 256])) as [Value, Value];
  const [rows, columns] = fed.map((value) => cast(graph, value, 'bfloat16')) as [Value, Value];
  const product = cast(graph, matMul(graph, rows, columns, false, true), 'float32');
  const square = cast(graph, binary(graph, 'Mul', rows, rows), 'float32');
  const rectified = cast(graph, relu(graph, rows), 'float32');
  const nodes = emulated(graph.nodes);
  // Between 1 and 2 bfloat16 has steps of 2^-7; half a step is rounded to the even neighbour.
  const step = 2 ** -7;
  const row = (first: number, second: number, rest: number): number[] => [
    first,
    second,
    ...Array<number>(254).fill(rest),
  ];
  const data = [
    row(1, step / 2, step / 2), // 1 + 127.5 steps, to 1 + 128; added one by one to a bfloat16 they would leave it at 1
    row(1, step / 2, 0), // to 1
    row(1 + step, step / 2, 0), // to 1 + 2 steps
    row(1 + step / 2, 0, 0), // the operand, to 1
    row(-1, 0, 0),
  ];
  const evaluation = await GraphEvaluation.open(native, { nodes });
  const [products, squares, positive] = evaluation.values(
    [
      { value: fed[0], data: Float32Array.from(data.flat()), shape: [data.length, 256] },
      { value: fed[1], data: Float32Array.from(row(1, 1, 1)), shape: [1, 256] },
    ],
    [product, square, rectified],
  ) as [Float32Array, Float32Array, Float32Array];
  evaluation.graph.dispose();
  t.deepEqual([...products], [1 + 128 * step, 1, 1 + 2 * step, 1, -1]);
  const firsts = (values: Float32Array): Float32Array => values.filter((_, index) => index % 256 === 0);
  // (1 + 2^-7)^2 = 1 + 2^-6 + 2^-14.
  t.deepEqual([...firsts(squares)], [1, 1, 1 + 2 * step, 1, 1]);
  t.deepEqual([...firsts(positive)], [1, 1, 1 + step, 1, 0]);

  const computing = nodes.filter(({ inputs, outputs }) =>
    [...inputs, ...outputs].some(({ type }) => type === 'bfloat16'),
  );
  t.deepEqual([...new Set(computing.map(({ op }) => op))].sort(), ['Bitcast', 'Cast']);
});

test('a graph in float32 is left as it is, and one in bfloat16 is another graph under another key', async (t) => {
  const model = smooth();
  const float32 = stepSpec(model, { precision: 'float32' });
  t.is(compileModel(model, { ...float32, emulateBfloat16: true }).key, compileModel(model, float32).key);
  const specs = [
    { ...float32, precision: 'bfloat16' },
    { ...float32, ...emulation },
  ] as const;
  const [own, other] = specs.map((spec) => compileModel(model, spec));
  t.not(own?.key, other?.key);
  t.deepEqual([other?.train, other?.evaluate, other?.predict], [own?.train, own?.evaluate, own?.predict]);

  const folder = mkdtempSync(join(tmpdir(), 'convoy-emulate-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const cache = { folder, tensorflowVersion: '', writesInPlace: true };
  const [first, second] = [await compiledGraph(model, specs[0], cache), await compiledGraph(model, specs[1], cache)];
  t.true(first.compiled && second.compiled);
  t.not(first.folder, second.folder);
});

test('bfloat16 is emulated just where the processor has none', (t) => {
  t.deepEqual(precisionOf('float32'), { precision: 'float32' });
  t.deepEqual(precisionOf('bfloat16'), cpuFeatures().bfloat16 ? { precision: 'bfloat16' } : emulation);
});
