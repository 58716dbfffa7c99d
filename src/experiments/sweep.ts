import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { ConvoyError, valueError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';
import { type EpochRecord, monitored } from '../callbacks/index.js';
import { type ConfigInput, type RunConfig, resolveConfig } from '../config/index.js';
import { type Monitor, monitorMode, partsOf } from '../contracts/index.js';
import { readHistory } from '../run/index.js';
import { continuedRun, type ExperimentTraining, endOf, stoppedWithin } from './continued-run.js';
import { halvingSchema, type Job, nextJob, ranked, rungEpochs } from './halving.js';
import { keepPlan } from './plan-file.js';
import { configLayer, type SpaceInput, type TrialParameters, trialsOf } from './search-space.js';
import { drawSweep } from './sweep-chart.js';
import type { SweptTrial } from './trial.js';

export interface SweepOptions extends ExperimentTraining {
  /** What all trials have in common. */
  readonly config: ConfigInput;
  /** What differs between them. */
  readonly space: SpaceInput;
  /** Train every trial for `epochs` first, and of each rung the best 1 / `factor` for `factor` times as long. */
  readonly halving?: z.input<typeof halvingSchema> | undefined;
  /** Folder for `trial-1`, `trial-2`... and the results. One that was begun with the same plan is gone on with. */
  readonly out: string;
  /** Told before a trial trains, or what it has trained before is read. */
  readonly onTrial?: (trial: number, parameters: TrialParameters, epochs: number) => void;
  readonly onEpoch?: (record: EpochRecord, trial: number) => void;
}

/** What a sweep came to. */
export interface SweepResult {
  /** The value that trials are compared by. */
  readonly monitor: Monitor;
  /** Best first: those that trained longest, by their scores; those that diverged are last. */
  readonly trials: readonly SweptTrial[];
  /** Files written into `out`. */
  readonly files: readonly string[];
}

/**
 * Trains the trials of a search space, each in a run folder of its own, and compares them by `config.monitor` (default: the
 * accuracy, of the validation split where there is one). Writes `sweep.json` and `sweep.svg`.
 *
 * With `halving` it is ASHA (Li et al. 2018): trials that go on train on from their checkpoints, and the schedule is laid
 * over all epochs of the configuration. Everything depends on the configuration and its seed: a sweep that was stopped and is
 * begun again gives the same table.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a space or a trial's configuration that cannot be, `CONVOY_ABORTED` when the signal
 *   is given, and as `Trainer.run`, but for trainings that diverge: those trials are the last of the table.
 */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const { config: input, space, halving: asked, out, onTrial, onEpoch, ...training } = options;
  const base = withMetric(resolveConfig({ where: 'config', input }));
  const halving = asked && parseOptions(halvingSchema, asked, 'halving');
  const parameters = trialsOf(space, base.seed);
  const configs = parameters.map((own, index) => resolveConfig({ where: 'config', input: base }, layerOf(own, index)));
  const rungs = halving ? rungEpochs(halving.epochs, halving.factor, base.epochs) : [base.epochs];
  if (halving !== undefined && configs.some(({ epochs }) => epochs !== base.epochs))
    throw valueError('the sweep', 'the same epochs for all trials with halving', 'lists of epochs');
  await keepPlan(out, 'plan', { kind: 'sweep', config: base, parameters, rungs, factor: halving?.factor ?? null });
  const scores = rungs.map(() => new Map<number, number>());
  const trials = new Map<number, SweptTrial>();
  let monitor: Monitor = base.monitor ?? 'test.accuracy';
  const train = async ({ trial, rung }: Job): Promise<void> => {
    const config = configs[trial] as RunConfig;
    const own = parameters[trial] as TrialParameters;
    const epochs = halving ? (rungs[rung] as number) : config.epochs;
    onTrial?.(trial + 1, own, epochs);
    const folder = join(out, `trial-${trial + 1}`);
    const told = (record: EpochRecord): void => onEpoch?.(record, trial + 1);
    const { records, scored, failed } = await trainTo(folder, epochs, config, training, told);
    if (scored !== undefined) monitor = base.monitor ?? usualMonitor(scored);
    const value = failed === undefined && scored !== undefined ? monitored(scored, monitor) : Number.NaN;
    const score = monitorMode(monitor) === 'max' ? value : -value;
    scores[rung]?.set(trial, Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score);
    trials.set(trial, {
      ...{ trial: trial + 1, parameters: own, epochs: records.length },
      score: Number.isNaN(value) ? null : value,
      ...(failed === undefined ? {} : { failed }),
    });
  };
  const state = { trials: configs.length, scores, factor: halving?.factor ?? 2 };
  for (let job = nextJob(state); job !== undefined; job = nextJob(state)) {
    const { trial } = job;
    await train(job).catch((error: unknown) => {
      throw stoppedWithin(error, `trial ${trial + 1} of ${configs.length}`);
    });
  }
  // A trial stands at the highest rung that it has reached; those that diverged are last.
  const order = [...new Set([...scores].reverse().flatMap(ranked))];
  const all = order.map((trial) => trials.get(trial) as SweptTrial);
  const table = [...all.filter(({ score }) => score !== null), ...all.filter(({ score }) => score === null)];
  if (base.monitor === undefined && monitor === 'test.accuracy')
    training.onNote?.('trials were compared on the test split: --validation-split 0.1 holds out samples for that');
  const file = join(out, 'sweep.json');
  await writeFileAtomic(file, [`${JSON.stringify({ monitor, rungs, trials: table }, undefined, 2)}\n`]);
  return { monitor, trials: table, files: [file, await drawSweep(out, monitor, table)] };
}

function layerOf(parameters: TrialParameters, index: number): { readonly where: string; readonly input: unknown } {
  return { where: `trial ${index + 1}`, input: configLayer(parameters) };
}

/** A configuration that computes what trials are compared by, whoever keeps the best weights. */
function withMetric(config: RunConfig): RunConfig {
  const score = config.monitor && partsOf(config.monitor).score;
  if (score === undefined || score === 'loss' || score === 'accuracy') return config;
  return { ...config, metrics: [...new Set([...(config.metrics ?? []), score])] };
}

function usualMonitor({ validation }: EpochRecord): Monitor {
  return validation === undefined ? 'test.accuracy' : 'validation.accuracy';
}

interface Trained {
  /** Of the epochs up to the wanted one. */
  readonly records: readonly EpochRecord[];
  /** The one of the weights that the trial has then. */
  readonly scored: EpochRecord | undefined;
  readonly failed?: string;
}

/** Trains a trial to the end of an epoch; what it has trained before is read. */
async function trainTo(
  folder: string,
  epochs: number,
  config: RunConfig,
  training: ExperimentTraining,
  onEpoch: (record: EpochRecord) => void,
): Promise<Trained> {
  const failure = join(folder, 'failed.json');
  const before = existsSync(join(folder, 'config.json')) ? await readHistory(folder) : [];
  if (before.length >= epochs && (epochs < config.epochs || (await endOf(folder)) !== undefined))
    return trainedTo(folder, epochs);
  if (existsSync(failure)) {
    const { message } = JSON.parse(await readFile(failure, 'utf8')) as { message: string };
    return { records: before, scored: undefined, failed: message };
  }
  const run = continuedRun(folder, config, training);
  try {
    for (let step = await run.next(); !step.done; step = await run.next()) {
      onEpoch(step.value);
      if (step.value.epoch < epochs || epochs === config.epochs) continue;
      break;
    }
  } catch (error) {
    if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DIVERGED') throw error;
    await writeFileAtomic(failure, [`${JSON.stringify({ code: error.code, message: error.message })}\n`]);
    return { records: await readHistory(folder), scored: undefined, failed: error.message };
  } finally {
    await run.return(undefined as never);
  }
  return trainedTo(folder, epochs);
}

/** What a trial has trained; one that early stopping has ended by then is scored by the weights that it restored. */
async function trainedTo(folder: string, epochs: number): Promise<Trained> {
  const records = (await readHistory(folder)).slice(0, epochs);
  const end = await endOf(folder);
  const restored = end !== undefined && end.epochs <= epochs ? end.restoredEpoch : undefined;
  return { records, scored: restored === undefined ? records.at(-1) : records[restored - 1] };
}
