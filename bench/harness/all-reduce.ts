/**
 * All-reduce and optimizer step over the arena, on one thread and on two, beside plain copies of the same memory: how
 * far the step is from the memory's own speed. Run alone: `node dist/bench/harness/all-reduce.js [parameters] [shards]`.
 */
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { runSlice, type SliceTask, stepInSlices } from '../../src/coordinator/index.js';
import { ArenaPlan } from '../../src/memory/index.js';
import {
  blockFloats,
  createOptimizer,
  type OptimizerSpec,
  openStepKernel,
  type PassResult,
  type StepDescription,
} from '../../src/optimizers/index.js';
import { median } from './statistics.js';

const warmUps = 3; // compilers and page tables
const repetitions = 15;

/** One line of the result. */
export interface AllReduceMeasurement {
  readonly optimizer: string;
  readonly parameters: number;
  readonly shards: number;
  /** Median milliseconds of a step on one thread. */
  readonly milliseconds: number;
  readonly allReduceMilliseconds: number;
  readonly optimizerMilliseconds: number;
  /** Median milliseconds of a step in two slices, one on a worker thread, hand-over included. */
  readonly twoThreadsMilliseconds: number;
  /** Bytes a step must read and write at least, per second. */
  readonly gigabytesPerSecond: number;
  /** Bytes per second over those of a copy (`TypedArray.set`, read plus write) in the same run. */
  readonly ofCopy: number;
}

const specs: readonly OptimizerSpec[] = [
  { name: 'sgd' },
  { name: 'sgd', momentum: 0.9 },
  { name: 'sgd', momentum: 0.9, clipNorm: 1 },
  { name: 'adam' },
  { name: 'adamw', ema: {} },
  { name: 'rmsprop' },
  { name: 'lamb' },
];

function title(spec: OptimizerSpec): string {
  return Object.entries(spec)
    .map(([key, value]) => (key === 'name' ? String(value) : `${key} ${JSON.stringify(value)}`))
    .join(', ');
}

/** What the second thread is given. */
interface HelperData {
  readonly purpose: 'all-reduce helper';
  readonly description: StepDescription;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
}

/** Measures steps of one optimizer. */
async function measure(spec: OptimizerSpec, parameters: number, shards: number): Promise<AllReduceMeasurement> {
  const length = Math.ceil(parameters / 16) * 16;
  const optimizer = createOptimizer(spec, [{ name: 'dense/kernel', shape: [length], offset: 0, length }]);
  const plan = new ArenaPlan();
  const slot = (name: string, floats = length): number => plan.add(name, 'float32', floats).byteOffset;
  const regions = {
    weights: slot('weights'),
    gradients: Array.from({ length: shards }, (_, shard) => slot(`gradients${shard}`)),
    reduced: slot('reduced'),
    states: optimizer.stateNames.map((name) => slot(name)),
    scratch: slot('scratch', 2 * blockFloats),
    length,
  };
  const { buffer, memory } = plan.create();
  const region = (offset: number): Float32Array => new Float32Array(buffer, offset, length);
  region(regions.weights).fill(0.01);
  regions.gradients.forEach((offset, shard) => region(offset).fill(0.001 * (shard + 1)));
  optimizer.initialize(regions.states.map(region), region(regions.weights));
  const kernel = optimizer.bind(memory, regions);
  const coefficients = regions.gradients.map(() => 1 / shards);
  const helper = new Worker(fileURLToPath(import.meta.url), {
    workerData: {
      purpose: 'all-reduce helper',
      description: kernel.describe(),
      memory,
      scratch: regions.scratch + blockFloats * 4,
    } satisfies HelperData,
  });
  const send = async (task: SliceTask): Promise<PassResult> => {
    const answer = once(helper, 'message');
    helper.postMessage(task);
    const [result] = (await answer) as [PassResult];
    return result;
  };

  const copies: number[] = [];
  const pairs: number[] = [];
  const steps: { total: number; allReduce: number; optimizer: number }[] = [];
  for (let step = 1; step <= warmUps + repetitions; step++) {
    const args = { step, learningRate: 0.001, coefficients };
    const before = performance.now();
    region(regions.reduced).set(region(regions.weights));
    const copied = performance.now();
    const { seconds } = kernel.run(args);
    const stepped = performance.now();
    await stepInSlices(kernel, args, { slices: 2, here: true, send });
    const ended = performance.now();
    if (step <= warmUps) continue;
    copies.push(copied - before);
    steps.push({ total: stepped - copied, ...seconds });
    pairs.push(ended - stepped);
  }
  await helper.terminate();
  const milliseconds = median(steps.map(({ total }) => total));
  // Gradients are read once; weights and states read and written. More passes do more: that is their price.
  const traffic = length * 4 * (shards + 2 + 2 * optimizer.stateNames.length);
  const copySpeed = (length * 4 * 2) / median(copies);
  return {
    optimizer: title(spec),
    parameters: length,
    shards,
    milliseconds,
    allReduceMilliseconds: 1000 * median(steps.map(({ allReduce }) => allReduce)),
    optimizerMilliseconds: 1000 * median(steps.map(({ optimizer: update }) => update)),
    twoThreadsMilliseconds: median(pairs),
    gigabytesPerSecond: traffic / milliseconds / 1e6,
    ofCopy: traffic / milliseconds / copySpeed,
  };
}

/** Measures steps of several optimizers, one after the other. */
export async function run(parameters = 4_200_000, shards = 2): Promise<AllReduceMeasurement[]> {
  const measurements: AllReduceMeasurement[] = [];
  for (const spec of specs) measurements.push(await measure(spec, parameters, shards));
  return measurements;
}

const helperData = workerData as HelperData | null;
if (!isMainThread && helperData?.purpose === 'all-reduce helper') {
  const kernel = openStepKernel(helperData.description, helperData.memory, helperData.scratch);
  parentPort?.on('message', (task: SliceTask) => parentPort?.postMessage(runSlice(kernel, task)));
} else if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [parameters, shards] = process.argv.slice(2).map(Number);
  console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}`);
  console.table(
    (await run(parameters, shards)).map((line) =>
      Object.fromEntries(
        Object.entries(line).map(([key, value]) => [key, typeof value === 'number' ? Number(value.toFixed(2)) : value]),
      ),
    ),
  );
}
