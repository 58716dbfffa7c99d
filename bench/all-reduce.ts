/**
 * All-reduce and optimizer step over the arena, beside plain copies of the same memory: how far the step is from the
 * memory's own speed. Run alone: `node dist/bench/all-reduce.js [parameters] [shards]`.
 */
import { cpus } from 'node:os';
import { pathToFileURL } from 'node:url';
import { createOptimizer, blockFloats, type OptimizerSpec } from '../src/optimizers/index.js';
import { ArenaPlan } from '../src/memory/index.js';

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
  /** Bytes a step must read and write at least, per second. */
  readonly gigabytesPerSecond: number;
  /** Bytes per second over those of a copy (`TypedArray.set`, read plus write) in the same run. */
  readonly ofCopy: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

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

/** Measures steps of several optimizers on this thread. */
export function run(parameters = 4_200_000, shards = 2): AllReduceMeasurement[] {
  const length = Math.ceil(parameters / 16) * 16;
  return specs.map((spec) => {
    const places = [{ name: 'dense/kernel', shape: [length], offset: 0, length }];
    const optimizer = createOptimizer(spec, places);
    const plan = new ArenaPlan();
    const slot = (name: string, floats = length): number => plan.add(name, 'float32', floats).byteOffset;
    const regions = {
      weights: slot('weights'),
      gradients: Array.from({ length: shards }, (_, shard) => slot(`gradients${shard}`)),
      reduced: slot('reduced'),
      states: optimizer.stateNames.map((name) => slot(name)),
      scratch: slot('scratch', blockFloats),
      length,
    };
    const arena = plan.create();
    const region = (offset: number): Float32Array => new Float32Array(arena.buffer, offset, length);
    region(regions.weights).fill(0.01);
    regions.gradients.forEach((offset, shard) => region(offset).fill(0.001 * (shard + 1)));
    optimizer.initialize(regions.states.map(region), region(regions.weights));
    const kernel = optimizer.bind(arena.memory, regions);
    const coefficients = regions.gradients.map(() => 1 / shards);

    const copies: number[] = [];
    const steps: { total: number; allReduce: number; optimizer: number }[] = [];
    for (let step = 1; step <= repetitions; step++) {
      const before = performance.now();
      region(regions.reduced).set(region(regions.weights));
      const between = performance.now();
      const { seconds } = kernel.run({ step, learningRate: 0.001, coefficients });
      steps.push({ total: performance.now() - between, ...seconds });
      copies.push(between - before);
    }
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
      gigabytesPerSecond: traffic / milliseconds / 1e6,
      ofCopy: traffic / milliseconds / copySpeed,
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [parameters, shards] = process.argv.slice(2).map(Number);
  console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}`);
  console.table(
    run(parameters, shards).map((line) =>
      Object.fromEntries(
        Object.entries(line).map(([key, value]) => [key, typeof value === 'number' ? Number(value.toFixed(2)) : value]),
      ),
    ),
  );
}
