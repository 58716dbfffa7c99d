/**
 * One gradient step in one thread, compiled against eager: images/s and their ratio, in one run.
 * `node dist/bench/graph-step.js [seconds]`; slower than the ratios below is a failure.
 */
import { cpus } from 'node:os';
import { EagerEngine } from '../src/engine/index.js';
import { compileModel } from '../src/graph/index.js';
import { createModel } from '../src/models/index.js';
import type { Precision } from '../src/contracts/index.js';
import { cpuFeatures, loadNative } from '../src/native/index.js';
import { RandomStream } from '../src/random.js';
import { engineRun, setBatch, shardTask, stepSpec } from '../test/support/engine-run.js';
import { GraphRun } from '../test/support/graph-run.js';

const batch = 128;
const seconds = Number(process.argv[2] ?? 4);
const only = process.argv[3]?.split(',');

/** Networks and the least ratio of compiled to eager that is not a failure. */
const cases = [
  { name: 'cifar10-cnn', shape: { height: 32, width: 32, channels: 3 }, least: 1.7 },
  { name: 'fashion-mnist-cnn', shape: { height: 28, width: 28, channels: 1 }, least: 1.5 },
  { name: 'cifar-resnet20', shape: { height: 32, width: 32, channels: 3 }, least: 1.5 },
] as const;

/** Images a second of a step, after a warm-up of five steps. */
function rate(step: () => void, time: number): number {
  for (let warm = 0; warm < 5; warm++) step();
  const start = performance.now();
  let steps = 0;
  while (performance.now() - start < time * 1000) {
    step();
    steps++;
  }
  return (steps * batch * 1000) / (performance.now() - start);
}

const native = await loadNative({ intraOpThreads: 1, interOpThreads: 1 });
console.log(`${cpus()[0]?.model}, node ${process.version}, TensorFlow ${native.tensorflowVersion}, batch ${batch}`);
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
  setBatch(run, 0, pixels, Array.from({ length: batch }, () => stream.below(10)));
  const compiledRate = async (precision: Precision): Promise<number> => {
    const compiled = compileModel(model, { ...plain, precision });
    const graph = await GraphRun.open(native, run, compiled);
    const result = rate(() => graph.train(shardTask(batch)), seconds);
    graph.graph.dispose();
    return result;
  };
  const float32 = await compiledRate('float32');
  const bfloat16 = cpuFeatures().bfloat16 ? await compiledRate('bfloat16') : Number.NaN;
  const engine = new EagerEngine({ native, seed: 0, ...run }, model);
  const eager = rate(() => engine.gradients(shardTask(batch)), seconds);
  engine.dispose();
  const ratio = float32 / eager;
  console.log(
    `${name.padEnd(18)} eager ${eager.toFixed(0)}/s, compiled ${float32.toFixed(0)}/s (${ratio.toFixed(2)} times), ` +
      `bfloat16 ${bfloat16.toFixed(0)}/s (${(bfloat16 / float32).toFixed(2)} times float32)`,
  );
  if (ratio < least) {
    console.error(`${name}: expected at least ${least} times eager`);
    process.exitCode = 1;
  }
}
