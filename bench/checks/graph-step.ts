/**
 * One gradient step in one thread, compiled against eager, and without convoy's kernels: images/s and ratios, in one run.
 * `node dist/bench/checks/graph-step.js [seconds [networks]]`; slower than the ratios below is a failure.
 */
import { cpus } from 'node:os';
import { RandomStream } from '../../src/base/random.js';
import type { Precision } from '../../src/contracts/index.js';
import { EagerEngine } from '../../src/engine/index.js';
import { compileModel } from '../../src/graph/index.js';
import { createModel } from '../../src/models/index.js';
import { cpuFeatures, loadNative } from '../../src/native/index.js';
import { engineRun, setBatch, shardTask, stepSpec } from '../../test/support/engine-run.js';
import { GraphRun } from '../../test/support/graph-run.js';

const batch = 128;
const seconds = Number(process.argv[2] ?? 10);
const only = process.argv[3]?.split(',');

/** Networks and the least ratio of compiled to eager that is not a failure. */
const cases = [
  { name: 'cifar10-cnn', shape: { height: 32, width: 32, channels: 3 }, least: 1.7 },
  { name: 'fashion-mnist-cnn', shape: { height: 28, width: 28, channels: 1 }, least: 1.5 },
  { name: 'cifar-resnet20', shape: { height: 32, width: 32, channels: 3 }, least: 1.5 },
] as const;

/**
 * Images a second of each step at its fastest: the steps take turns for some time, so that what else runs on the machine
 * meets all of them alike.
 */
function rates(steps: readonly (() => void)[]): number[] {
  const fastest = steps.map(() => Number.POSITIVE_INFINITY);
  for (let warm = 0; warm < 3; warm++) for (const step of steps) step();
  const end = performance.now() + seconds * 1000;
  do {
    for (const [index, step] of steps.entries()) {
      const start = performance.now();
      step();
      fastest[index] = Math.min(fastest[index] ?? 0, performance.now() - start);
    }
  } while (performance.now() < end);
  return fastest.map((time) => (batch * 1000) / time);
}

const native = await loadNative({ intraOpThreads: 1 });
console.log(
  `${cpus()[0]?.model}, node ${process.version}, TensorFlow ${native.tensorflowVersion}, ${native.kernels.instructions || 'no'} convoy kernels, batch ${batch}`,
);
const stream = new RandomStream(0, 'test');

for (const { name, shape, least } of cases) {
  if (only !== undefined && !only.includes(name)) continue;
  const model = createModel(name, { ...shape, classes: 10 });
  const plain = stepSpec(model);
  const run = engineRun(model, plain, { capacity: batch });
  const weights = run.arena.float32(run.arena.slot('weights'));
  weights.forEach((_, index) => (weights[index] = (stream.uniform() - 0.5) / 16));
  for (const parameter of run.layout.parameters) {
    if (/variance|gamma/.test(parameter.name)) weights.fill(1, parameter.offset, parameter.offset + parameter.length);
  }
  const pixels = Uint8Array.from({ length: batch * run.layout.imageBytes }, () => stream.below(256));
  setBatch(
    run,
    0,
    pixels,
    Array.from({ length: batch }, () => stream.below(10)),
  );
  const compile = (precision: Precision, kernels: readonly string[]): Promise<GraphRun> =>
    GraphRun.open(native, run, compileModel(model, { ...plain, precision }, { kernels }));
  const graphs = [await compile('float32', native.kernels.ops), await compile('float32', [])];
  if (cpuFeatures().bfloat16) graphs.push(await compile('bfloat16', native.kernels.ops));
  const engine = new EagerEngine({ native, seed: 0, ...run }, model);
  const task = shardTask(batch);
  const [eager = 0, float32 = 0, without = 0, bfloat16 = Number.NaN] = rates([
    () => engine.gradients(task),
    ...graphs.map((graph) => () => graph.train(task)),
  ]);
  engine.dispose();
  for (const { graph } of graphs) graph.dispose();
  const ratio = float32 / eager;
  console.log(
    `${name.padEnd(18)} eager ${eager.toFixed(0)}/s, compiled ${float32.toFixed(0)}/s (${ratio.toFixed(2)} times; ` +
      `${(float32 / without).toFixed(2)} times what it is without convoy's kernels), ` +
      `bfloat16 ${bfloat16.toFixed(0)}/s (${(bfloat16 / float32).toFixed(2)} times float32)`,
  );
  if (ratio < least) {
    console.error(`${name}: expected at least ${least} times eager`);
    process.exitCode = 1;
  }
}
