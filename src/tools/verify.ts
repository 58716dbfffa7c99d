import { ConvoyError } from '../base/errors.js';
import type { RunConfig } from '../config/index.js';
import type { Precision } from '../contracts/index.js';
import { slotNames } from '../memory/index.js';
import { openRuntime, type Runtime, type RuntimeOptions } from '../runtime/index.js';
import { shortened, Trainer } from '../training/index.js';

/** One check on the user's own machine. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** What was compared and found. */
  readonly detail: string;
}

/** The error for checks that failed: `CONVOY_VERIFY`, with their names; undefined when all passed. */
export function verifyError(checks: readonly Check[]): ConvoyError | undefined {
  const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name);
  if (failed.length === 0) return undefined;
  const message = `Expected all ${checks.length} checks to pass but ${failed.length} failed: ${failed.join('; ')}`;
  return new ConvoyError('CONVOY_VERIFY', message, { failed });
}

export interface VerifyOptions extends Omit<RuntimeOptions, 'config'> {
  readonly config: RunConfig;
  /** Optimizer steps of the training that is repeated. */
  readonly steps: number;
  readonly onCheck?: (check: Check) => void;
}

/** Largest relative difference of gradients that rounding explains: sums in another order. */
const gradientTolerance = 1e-5;

/** The same where each shard's gradient is rounded to bfloat16. */
const roundedTolerance = 1e-2;

/** Layers whose result depends on the other samples of the shard, or on which shard a sample is in. */
const shardwiseLayers = [
  'Dropout',
  'SpatialDropout1D',
  'AlphaDropout',
  'GaussianDropout',
  'GaussianNoise',
  'BatchNormalization',
];

/**
 * Proves on this machine that the number of workers does not change a training: the same bits for 1, 2 and N workers,
 * and gradients of shards that add up to those of one big batch, in both engines.
 */
export async function verify({ config, steps, onCheck, ...options }: VerifyOptions): Promise<Check[]> {
  const checks: Check[] = [];
  const note = (check: Check): void => {
    checks.push(check);
    onCheck?.(check);
  };
  const most = config.workers === 'auto' ? 4 : config.workers;
  const shards = config.shards ?? Math.max(2, most);
  const short: RunConfig = {
    ...shortened(config),
    shards,
    epochs: 1,
    limit: config.batchSize * (steps - 1) + Math.ceil(config.batchSize / 3),
  };

  const digests = new Map<number, string>();
  for (const workers of [...new Set([1, 2, most])]) {
    const { weightsSha256 } = await new Trainer({ ...options, config: { ...short, workers } }).train();
    digests.set(workers, weightsSha256);
    const same = weightsSha256 === digests.get(1);
    note({
      name: `${workers} worker${workers === 1 ? '' : 's'}, ${shards} shards, ${steps} steps`,
      passed: same,
      detail: `${weightsSha256.slice(0, 16)} ${workers === 1 ? '(the measure)' : same ? 'same bits' : 'OTHER BITS'}`,
    });
  }

  const whole = await batchGradient({ ...options, config: { ...short, shards: 1, workers: 1 } });
  const parts = await batchGradient({ ...options, config: { ...short, workers: Math.min(shards, most) } });
  // The eager engine knows float32 only.
  const single: RunConfig = { ...short, shards: 1, workers: 1, precision: 'float32' };
  const compiled = whole.precision === 'float32' ? whole : await batchGradient({ ...options, config: single });
  const eager = await batchGradient({ ...options, config: { ...single, engine: 'eager' } });
  if (whole.shardwise === undefined) {
    note(
      compare(
        `${shards} shards against one big batch`,
        parts.gradient,
        whole.gradient,
        whole.precision === 'float32' ? gradientTolerance : roundedTolerance,
      ),
    );
  } else {
    note({
      name: `${shards} shards against one big batch`,
      passed: true,
      detail: `not comparable: ${whole.shardwise} works on each shard for itself`,
    });
  }
  note(compare(`${compiled.engine} engine against tfjs's eager one`, compiled.gradient, eager.gradient));
  return checks;
}

function compare(name: string, actual: Float32Array, expected: Float32Array, tolerance = gradientTolerance): Check {
  let difference = 0;
  let size = 0;
  for (const [index, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs((actual[index] as number) - value));
    size = Math.max(size, Math.abs(value));
  }
  const relative = difference / size;
  return { name, passed: relative <= tolerance, detail: `largest relative difference ${relative.toExponential(1)}` };
}

/** The reduced gradient of the first batch at the initial weights. */
async function batchGradient(
  options: RuntimeOptions,
): Promise<{ gradient: Float32Array; engine: string; precision: Precision; shardwise: string | undefined }> {
  const runtime = await openRuntime(options);
  try {
    const { arena, layout, config, coordinator, trainSlots } = runtime;
    const slot = trainSlots[0] as number;
    await fillFirstBatch(runtime, slot);
    const count = Math.min(config.batchSize, runtime.datasets.train.count);
    await coordinator.step({ slot, count }, { batch: 0, step: 0, learningRate: 0, accumulated: 0, update: false });
    const names = runtime.model.layers.map((layer) => layer.getClassName());
    return {
      gradient: arena.float32(arena.slot(slotNames.reduced), 0, layout.trainableLength).slice(),
      engine: runtime.engine,
      precision: config.precision,
      shardwise: runtime.spec.mix ? 'mixing' : shardwiseLayers.find((name) => names.includes(name)),
    };
  } finally {
    await runtime.close();
  }
}

async function fillFirstBatch(runtime: Runtime, slot: number): Promise<void> {
  const { stage, config, datasets } = runtime;
  const order = Uint32Array.from({ length: datasets.train.count }, (_, index) => index);
  stage.begin(0, order, 0);
  await stage.fill({ epoch: 0, position: 0, samples: order.subarray(0, config.batchSize), slot });
}
