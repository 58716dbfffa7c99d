import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { valueError } from '../base/errors.js';
import type { RunConfig } from '../config/index.js';
import type { Cluster, ClusterMember } from '../contracts/index.js';
import { cacheFolder } from '../data/index.js';
import { availableCores, cpuFeatures, type NativeOptions, nativeIsLoading, processorModel } from '../native/index.js';

const count = z.int().min(1);

const settingsSchema = z.strictObject({
  /** Worker threads. */
  workers: count,
  /** Parts of a batch. */
  shards: count,
  /** TensorFlow's threads inside one op. */
  intraOpThreads: count,
  /** TensorFlow's threads for ops side by side; when not given none for a worker a core, as many as cores for fewer workers. */
  interOpThreads: count.optional(),
  /** Threads that transform images; chosen at start when not given. */
  augmentWorkers: count.optional(),
});

/** How a training uses a machine: what `convoy tune` looks for. */
export type TunedSettings = z.output<typeof settingsSchema>;

/** What is kept of a search. */
const tunedSchema = z.strictObject({
  cpu: z.string(),
  cores: count,
  model: z.string(),
  imagesPerSecond: z.number(),
  settings: settingsSchema,
});

/** The file that holds the settings of a model, its batch and data, on this machine. */
export function tunedFile(config: RunConfig): string {
  const { model, dataset, imageSize, batchSize, engine, augment } = config;
  const likely = engine !== 'eager' && cpuFeatures().bfloat16 ? 'bfloat16' : 'float32';
  const precision = config.precision === 'auto' ? likely : config.precision;
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        processorModel(),
        availableCores(),
        model,
        dataset,
        imageSize,
        batchSize,
        precision,
        engine,
        augment ?? [],
      ]),
    )
    .digest('hex');
  return join(cacheFolder(), 'tuned', `${key.slice(0, 32)}.json`);
}

/** The settings that `convoy tune` found for this configuration on this machine; undefined when it has not looked. */
export async function readTunedSettings(config: RunConfig): Promise<TunedSettings | undefined> {
  try {
    return tunedSchema.parse(JSON.parse(await readFile(tunedFile(config), 'utf8'))).settings;
  } catch {
    return undefined; // never tuned, or kept by another version: the rule holds
  }
}

/**
 * Keeps settings for `--workers auto`.
 *
 * @returns the file.
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeTunedSettings(
  config: RunConfig,
  settings: TunedSettings,
  imagesPerSecond: number,
): Promise<string> {
  const file = tunedFile(config);
  await mkdir(join(cacheFolder(), 'tuned'), { recursive: true });
  const kept = { cpu: processorModel(), cores: availableCores(), model: config.model.name, imagesPerSecond, settings };
  await writeFileAtomic(file, [`${JSON.stringify(kept, undefined, 2)}\n`]);
  return file;
}

/** Settings of a run: those given, else those found by `convoy tune`, else by rule. */
export interface RunSettings {
  readonly workers: number;
  readonly shards: number;
  readonly augmentWorkers: number | 'auto';
  /** Empty where nothing else than the process's own is needed. */
  readonly threads: Pick<NativeOptions, 'intraOpThreads' | 'interOpThreads'>;
}

/** Settings of a run, and whether `convoy tune` found them. */
interface TriedSettings extends RunSettings {
  readonly tuned?: boolean;
  /** What `convoy tune` found, where it would change the bits of a run whose shards or threads are given. */
  readonly leftOut?: TunedSettings;
}

/** The settings that are used where nothing has been measured: a worker a core, a shard a worker. */
export function ruleSettings(cores: number, batchSize: number): TunedSettings {
  return { workers: cores, shards: Math.min(cores, batchSize), intraOpThreads: 1 };
}

/**
 * Settings of a rank of a cluster: its workers, and as many shards as all ranks have workers. What `convoy tune` found is
 * about one machine, and left out.
 *
 * @throws ConvoyError `CONVOY_OPTION` for fewer shards than ranks.
 */
export function clusterSettings(config: RunConfig, { rank, size, members }: Cluster): RunSettings {
  const workersOf = ({ cores }: ClusterMember): number =>
    config.workers === 'auto' ? cores : Math.min(config.workers, mostWorkersPerCore * cores);
  const all = members.reduce((sum, member) => sum + workersOf(member), 0);
  const shards = config.shards ?? Math.max(size, Math.min(all, config.batchSize));
  if (shards < size) throw valueError('--shards', `at least ${size}, one for each rank,`, shards);
  return {
    workers: workersOf(members[rank] as ClusterMember),
    shards,
    augmentWorkers: config.augmentWorkers,
    threads: pick(config),
  };
}

/** Threads beyond this many for each core wait more than they compute, and each takes memory. */
const mostWorkersPerCore = 4;

/**
 * Settles what a configuration leaves open.
 *
 * @param onNote told where fewer workers are started than were asked for; results are those of the number asked for.
 *
 * @param tunable false where model or data are made in code: what was tuned under their names is not about them.
 */
export async function settleSettings(
  config: RunConfig,
  tunable: boolean,
  onNote?: (note: string) => void,
): Promise<TriedSettings> {
  const found = config.workers === 'auto' && tunable ? await readTunedSettings(config) : undefined;
  // Who fixes shards wants the same bits again, and threads inside ops change them.
  const intraOp = config.intraOpThreads ?? (config.shards === undefined ? found?.intraOpThreads : 1);
  const asked = config.intraOpThreads !== undefined;
  const tuned = asked || found?.intraOpThreads === intraOp ? found : undefined;
  const chosen = tuned ?? ruleSettings(availableCores(), config.batchSize);
  const wanted = config.workers === 'auto' ? chosen.workers : config.workers;
  const workers = Math.min(wanted, mostWorkersPerCore * availableCores());
  if (workers < wanted)
    onNote?.(
      `${workers} workers instead of ${wanted}: this machine has ${availableCores()} cores; results stay the same`,
    );
  const given = pick(config);
  // TensorFlow reads its thread counts once: where an earlier run of this process has loaded it, only a person may insist.
  const late = nativeIsLoading();
  // Cores that have no worker can do ops side by side.
  const spare = workers < availableCores() && process.env['TF_NUM_INTEROP_THREADS'] === undefined;
  const threads = late
    ? given
    : { ...(spare ? { interOpThreads: availableCores() } : {}), ...(tuned && pick(tuned)), ...given };
  return {
    workers,
    shards: config.shards ?? (config.workers === 'auto' ? chosen.shards : Math.min(wanted, config.batchSize)),
    augmentWorkers: config.augmentWorkers === 'auto' ? (tuned?.augmentWorkers ?? 'auto') : config.augmentWorkers,
    threads,
    tuned: tuned !== undefined,
    ...(found === undefined || tuned !== undefined ? {} : { leftOut: found }),
  };
}

function pick({
  intraOpThreads,
  interOpThreads,
}: Pick<RunConfig, 'intraOpThreads' | 'interOpThreads'>): RunSettings['threads'] {
  return {
    ...(intraOpThreads === undefined ? {} : { intraOpThreads }),
    ...(interOpThreads === undefined ? {} : { interOpThreads }),
  };
}
