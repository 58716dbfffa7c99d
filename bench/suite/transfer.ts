import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigInput, readRecipe, resolveConfig } from '../../src/config/index.js';
import { readWeights } from '../../src/coordinator/index.js';
import type { Runtime } from '../../src/runtime/index.js';
import { openRunRuntime, Trainer, type TrainerOptions, type TrainSummary } from '../../src/training/index.js';
import { atLeast, type Claim } from '../harness/result.js';
import type { Bench, BenchOptions } from './bench.js';

/** Points of test accuracy by which the transfer is to be ahead. */
const wantedLead = 8;

type Weights = ReadonlyMap<string, Float32Array>;

/** A base on eight classes of CIFAR-10, then 500 images of cats and dogs, the other two: on the base, and from scratch. */
export const transferBench: Bench = {
  name: 'transfer',
  title: 'Transfer learning on 500 images',
  async run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'convoy-transfer-'));
    try {
      const base = join(folder, 'source');
      const source = await trained('transfer-source', options, { out: base });
      const before = await weightsOfRun(base, options);
      const moves = { ...(await shortened('transfer-cifar', options)), base: { name: base } };
      const watch = new PhaseWatch(
        resolveConfig({ where: 'transfer-cifar', input: moves }).phases?.map(({ epochs }) => epochs) ?? [],
      );
      const transfer = await trained('transfer-cifar', options, { config: moves, ...watch.options });
      const scratch = await trained('transfer-cifar-scratch', options, {});
      const lead = 100 * (transfer.test.accuracy - scratch.test.accuracy);
      const row = (name: string, { epochs, seconds, test }: TrainSummary) => [
        name,
        epochs,
        seconds,
        100 * test.accuracy,
      ];
      return {
        tables: [
          {
            title: 'The same 500 images of cats and dogs; 2,000 test images',
            columns: ['training', 'epochs', 'seconds', 'test accuracy %'],
            rows: [
              row('the base, on 40,000 images of the eight other classes', source),
              row('on the base', transfer),
              row('from scratch', scratch),
            ],
          },
        ],
        claims: [atLeast('points ahead of training from scratch', wantedLead, lead), ...watch.claims(before)],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function trained(recipe: string, options: BenchOptions, more: Partial<TrainerOptions>): Promise<TrainSummary> {
  options.say(recipe);
  const started = process.cpuUsage();
  const trainer = new Trainer({
    config: await shortened(recipe, options),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    onNote: options.say,
    ...more,
  });
  const { summary } = await trainer.train();
  const { user, system } = process.cpuUsage(started);
  options.say(
    `${recipe}: ${(100 * summary.test.accuracy).toFixed(2)}% after ${summary.seconds.toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} s of CPU time`,
  );
  return summary;
}

/** The recipe; of a short variant one epoch in each phase. */
async function shortened(recipe: string, { quick }: BenchOptions): Promise<ConfigInput> {
  const config = await readRecipe(recipe);
  if (!quick) return config;
  const few: ConfigInput = { ...config, limit: 500, schedule: { name: 'constant' } };
  return config.phases === undefined
    ? { ...few, epochs: 2 }
    : { ...few, phases: config.phases.map((phase) => ({ ...phase, epochs: 1 })) };
}

async function weightsOfRun(run: string, { dataDir }: BenchOptions): Promise<Weights> {
  const runtime = await openRunRuntime({ run, ...(dataDir === undefined ? {} : { dataDir }) });
  try {
    return copied(runtime);
  } finally {
    await runtime.close();
  }
}

function copied({ arena, layout }: Runtime): Weights {
  const weights = readWeights(arena, layout);
  return new Map(layout.parameters.map(({ name }, index) => [name, Float32Array.from(weights[index] ?? [])]));
}

/** Keeps the weights at the end of each phase, and which of them were frozen in it. */
class PhaseWatch {
  readonly #ends: readonly number[];
  readonly #phases: { readonly weights: Weights; readonly frozen: readonly string[] }[] = [];
  #runtime: Runtime | undefined;

  constructor(epochs: readonly number[]) {
    this.#ends = epochs.map((_, phase) => epochs.slice(0, phase + 1).reduce((sum, count) => sum + count, 0));
  }

  get options(): Partial<TrainerOptions> {
    return {
      onStart: (runtime) => void (this.#runtime = runtime),
      callbacks: [{ name: 'phase ends', onEpochEnd: ({ epoch }) => void (this.#ends.includes(epoch) && this.#keep()) }],
    };
  }

  #keep(): void {
    const runtime = this.#runtime;
    if (runtime === undefined) return;
    const frozen = runtime.layout.parameters.filter(
      ({ trainable, updatedByForward }) => !trainable && !updatedByForward,
    );
    this.#phases.push({ weights: copied(runtime), frozen: frozen.map(({ name }) => name) });
  }

  claims(before: Weights): Claim[] {
    return this.#phases.map(({ weights, frozen }, phase) => {
      const same = frozen.filter((name) => Buffer.from(bytes(weights.get(name))).equals(bytes(before.get(name))));
      return atLeast(
        `frozen tensors of phase ${phase + 1} that are the base's to the bit`,
        Math.max(1, frozen.length),
        same.length,
      );
    });
  }
}

function bytes(values: Float32Array = new Float32Array(0)): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
