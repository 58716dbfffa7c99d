import type { RunConfig } from '../config/index.js';
import type { ImageShape } from '../contracts/index.js';
import { openDataset } from '../data/index.js';
import { type StepChild, type StepSetup, startStepChild } from '../measure/index.js';
import { availableCores } from '../native/index.js';
import { ruleSettings, type TunedSettings } from '../runtime/index.js';

/** One comparison of the search. */
export interface Tried {
  readonly settings: TunedSettings;
  readonly imagesPerSecond: number;
  /** Speed against the best settings known before, measured in turn with them; 1 for the first. */
  readonly ratio: number;
  /** Whether it became the best. */
  readonly kept: boolean;
}

/** Measures two settings in turn; images/s of each. */
export type Duel = (
  best: TunedSettings,
  other: TunedSettings,
) => Promise<{ readonly best: number; readonly other: number }>;

export interface SearchOptions {
  readonly cores: number;
  readonly batchSize: number;
  /** Whether images are transformed while training. */
  readonly augments: boolean;
  readonly duel: Duel;
  /** False once there is no time for another duel. */
  readonly mayGoOn: () => boolean;
  readonly onTried?: (tried: Tried) => void;
}

/** A gain below this is noise: settings nearer to the rule are kept. */
const leastGain = 1.02;
/** When half as many workers are this much slower, a quarter as many need not be tried. */
const hopeless = 0.9;

/**
 * Looks for the quickest settings, one kind after the other, starting from the rule: fewer workers with more threads
 * each, more shards a worker, TensorFlow's inter-op threads, augmentation workers. Each challenger is measured in turn
 * with the best so far, so a machine that is busy with something else slows both.
 */
export async function searchSettings(
  options: SearchOptions,
): Promise<{ readonly best: TunedSettings; readonly tried: Tried[] }> {
  const { cores, batchSize, augments, duel, mayGoOn, onTried } = options;
  const tried: Tried[] = [];
  let best = ruleSettings(cores, batchSize);
  let incumbentRate: number | undefined;
  const challenge = async (change: Partial<TunedSettings>): Promise<number> => {
    const settings = { ...best, ...change };
    if (!mayGoOn()) return 0;
    const rates = await duel(best, settings);
    if (incumbentRate === undefined) note({ settings: best, imagesPerSecond: rates.best, ratio: 1, kept: true });
    const ratio = rates.other / rates.best;
    const kept = ratio >= leastGain;
    incumbentRate = kept ? rates.other : rates.best;
    note({ settings, imagesPerSecond: rates.other, ratio, kept });
    if (kept) best = settings;
    return ratio;
  };
  const note = (one: Tried): void => {
    tried.push(one);
    onTried?.(one);
  };

  for (let workers = cores >> 1; workers >= 1; workers >>= 1) {
    const fewer = { workers, shards: Math.min(workers, batchSize), intraOpThreads: Math.floor(cores / workers) };
    const ratio = await challenge(fewer);
    // Small batches like threads inside an op, but not between ops: each of the two alone may be slower.
    const inOrder = await challenge({ ...fewer, interOpThreads: workers });
    if (Math.max(ratio, inOrder) < hopeless) break;
  }
  for (let perWorker = 2; best.workers * perWorker <= batchSize && perWorker <= 4; perWorker *= 2) {
    if ((await challenge({ shards: best.workers * perWorker })) < leastGain) break;
  }
  for (const interOpThreads of [cores, 2 * cores]) await challenge({ interOpThreads });
  if (augments) {
    for (let augmentWorkers = 1; augmentWorkers <= Math.max(2, cores); augmentWorkers *= 2)
      await challenge({ augmentWorkers });
  }
  return { best, tried };
}

export interface TuneOptions {
  readonly config: RunConfig;
  readonly dataDir?: string | undefined;
  /** Synthetic images of this size in ten classes instead of the dataset. */
  readonly image?: ImageShape;
  /** Seconds that the search may take, about; default 50. */
  readonly seconds?: number | undefined;
  readonly onTried?: ((tried: Tried) => void) | undefined;
}

export interface TuneResult {
  readonly best: TunedSettings;
  readonly tried: readonly Tried[];
  /** Of the best settings. */
  readonly imagesPerSecond: number;
}

const defaultSeconds = 50;
/** A duel is rounds of each in turn, the first of which do not count. */
const roundSeconds = 0.6;
const rounds = 3;

/**
 * Finds how this machine trains a configuration quickest; `writeTunedSettings` keeps the answer for `--workers auto`.
 * Thread counts can only be set before TensorFlow loads, so every setting is measured in a process of its own.
 *
 * @throws ConvoyError when the configuration cannot be trained at all.
 */
export async function tune({
  config,
  dataDir,
  image,
  seconds = defaultSeconds,
  onTried,
}: TuneOptions): Promise<TuneResult> {
  const began = performance.now();
  const setup = image === undefined ? await stepSetup(config, dataDir) : { config, image };
  const runner = new DuelRunner(setup);
  let longest = 0;
  try {
    const { best, tried } = await searchSettings({
      cores: availableCores(),
      batchSize: config.batchSize,
      augments: config.augment !== undefined && config.augment.length > 0,
      duel: async (one, other) => {
        const started = performance.now();
        const rates = await runner.duel(one, other);
        longest = Math.max(longest, performance.now() - started);
        return rates;
      },
      // The next duel is taken to last as long as the longest; the first always happens.
      mayGoOn: () => performance.now() - began + longest < 1000 * seconds || longest === 0,
      ...(onTried === undefined ? {} : { onTried }),
    });
    return { best, tried, imagesPerSecond: tried.findLast(({ kept }) => kept)?.imagesPerSecond ?? 0 };
  } finally {
    await runner.close();
  }
}

/** Synthetic images of the dataset's size serve as well as its own, and are there at once; files are decoded in training. */
async function stepSetup(config: RunConfig, dataDir: string | undefined): Promise<StepSetup> {
  const { dataset, seed, classes, limit, imageSize, columns } = config;
  const from = dataDir === undefined ? {} : { dataDir };
  const { train } = await openDataset({
    name: dataset,
    seed,
    ...(classes === undefined ? {} : { classes }),
    ...(limit === undefined ? {} : { limit }),
    ...(imageSize === undefined ? {} : { imageSize }),
    ...(columns === undefined ? {} : { columns }),
    ...from,
  });
  const { validationSplit: _, earlyStopping: __, target: ___, ...rest } = config;
  const input = { ...rest, validationSplit: 0 };
  if (train.store.kind === 'files' || train.targets.kind !== 'classes') return { config: input, ...from };
  return { config: input, image: train.shape, classes: train.classes.length };
}

/** Keeps the process of the best settings between duels. */
class DuelRunner {
  readonly #setup: StepSetup;
  readonly #running = new Map<string, StepChild>();

  constructor(setup: StepSetup) {
    this.#setup = setup;
  }

  async duel(best: TunedSettings, other: TunedSettings): Promise<{ best: number; other: number }> {
    // Of earlier duels only the winner is still of use.
    for (const key of [...this.#running.keys()]) if (key !== JSON.stringify(best)) await this.#end(key);
    const pair = [await this.#start(best), await this.#start(other)] as const;
    const steps = [await calibrate(pair[0]), await calibrate(pair[1])] as const;
    const images = [0, 0];
    const seconds = [0, 0];
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const measured = await pair[side].round({ steps: steps[side] });
        images[side] = (images[side] as number) + measured.images;
        seconds[side] = (seconds[side] as number) + measured.seconds;
      }
    }
    return {
      best: (images[0] as number) / (seconds[0] as number),
      other: (images[1] as number) / (seconds[1] as number),
    };
  }

  async close(): Promise<void> {
    for (const key of [...this.#running.keys()]) await this.#end(key);
  }

  async #start(settings: TunedSettings): Promise<StepChild> {
    const key = JSON.stringify(settings);
    const known = this.#running.get(key);
    if (known !== undefined) return known;
    const started = await startStepChild({ ...this.#setup, config: { ...this.#setup.config, ...settings } });
    this.#running.set(key, started);
    return started;
  }

  async #end(key: string): Promise<void> {
    await this.#running.get(key)?.close();
    this.#running.delete(key);
  }
}

/** Steps that take about a round, after a warm-up. */
async function calibrate(child: StepChild): Promise<number> {
  await child.round({ steps: 2 });
  const { seconds, steps } = await child.round({ steps: 2 });
  return Math.max(2, Math.ceil((roundSeconds * steps) / seconds));
}
