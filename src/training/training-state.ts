import { z } from 'zod';
import type { CheckpointMessage } from '../../proto/convoy.js';
import { ConvoyError } from '../base/errors.js';
import type { CallbackList, EpochRecord } from '../callbacks/index.js';
import { baseLearningRate, type SettledConfig } from '../config/index.js';
import { initializeState } from '../coordinator/index.js';
import { slotNames } from '../memory/index.js';
import { intraOpThreads } from '../native/index.js';
import { averagedState } from '../run/index.js';
import type { Runtime } from '../runtime/index.js';
import type { MeterState } from './epoch-meter.js';

/** Where a run is. With the arena, all that its next step depends on. */
export interface TrainingState {
  /** Epoch under way, from 0. */
  epoch: number;
  /** Samples of the epoch that are done. */
  position: number;
  /** Optimizer steps done, of the phase where a run has phases. */
  step: number;
  /** Batches done: keys dropout. */
  batch: number;
  /** Sums of the epoch under way. */
  meter: MeterState | undefined;
  history: EpochRecord[];
  /** Factor that callbacks have put on the learning rate. */
  learningRateScale: number;
  /** Why the run was stopped, once it was. */
  stopped: string | undefined;
  /** Epoch, from 1, whose weights the run ends with; undefined where these are the last. */
  restored: number | undefined;
  /** Seconds of training before the present process. */
  seconds: number;
}

/** The state of a run that has not begun. */
export function initialState(): TrainingState {
  return {
    epoch: 0,
    position: 0,
    step: 0,
    batch: 0,
    meter: undefined,
    history: [],
    learningRateScale: 1,
    stopped: undefined,
    restored: undefined,
    seconds: 0,
  };
}

const smallStateSchema = z.object({
  batch: z.int().min(0),
  meter: z.unknown().optional(),
  history: z.array(z.unknown()),
  learningRateScale: z.number(),
  stopped: z.string().optional(),
  seconds: z.number(),
  schedule: z.unknown().optional(),
  callbacks: z.unknown(),
});

/**
 * What a run says of itself, in `config.json` and in its checkpoints: with what decides bits, chosen at its start where the
 * configuration left it open.
 */
export function recordedConfig({ config, shards }: Pick<Runtime, 'config' | 'shards'>): SettledConfig {
  return { ...config, shards, learningRate: baseLearningRate(config), intraOpThreads: intraOpThreads() };
}

/**
 * A checkpoint of the present moment, between two optimizer steps.
 *
 * @throws ConvoyError `CONVOY_DIVERGED` when a weight is not finite: such a checkpoint would be of no use.
 */
export function toCheckpoint(runtime: Runtime, state: TrainingState, callbacks: CallbackList): CheckpointMessage {
  const { arena, layout, datasets, schedule } = runtime;
  const weights = arena.slot(slotNames.weights);
  const { epoch, position, step, ...small } = state;
  return {
    config: JSON.stringify(recordedConfig(runtime)),
    fingerprint: datasets.train.fingerprint,
    testFingerprint: datasets.test.fingerprint,
    validationFingerprint: datasets.validation?.fingerprint ?? '',
    epoch,
    position,
    step,
    weights: layout.parameters.map(({ name, shape, offset, length }) => {
      const values = arena.float32(weights, offset, length);
      if (!values.every(Number.isFinite)) {
        throw new ConvoyError(
          'CONVOY_DIVERGED',
          `Expected finite weights but ${name} has others after step ${step}; try a lower --learning-rate, or convoy lr-find`,
          {
            place: name,
          },
        );
      }
      return { name, shape, data: bytesOf(values) };
    }),
    optimizer: layout.optimizerStates.map((name) => {
      const values = arena.float32(arena.slot(slotNames.optimizer(name)));
      return { name, shape: [values.length], data: bytesOf(values) };
    }),
    state: JSON.stringify({ ...small, schedule: schedule.state(), callbacks: callbacks.state() }),
  };
}

/**
 * Brings a run to the moment of a checkpoint.
 *
 * @param file for messages.
 * @param firstEpoch of the phase that `runtime` is for: a checkpoint of its very beginning was written by the phase before,
 *   and gives the weights alone, from which a new optimizer and schedule start.
 * @throws ConvoyError `CONVOY_CHECKPOINT` when it is of other data, another model or another optimizer.
 */
export function fromCheckpoint(
  runtime: Runtime,
  callbacks: CallbackList,
  message: CheckpointMessage,
  file: string,
  firstEpoch = 0,
): TrainingState {
  const { datasets, schedule, arena, layout } = runtime;
  const begins = firstEpoch > 0 && message.epoch === firstEpoch && message.position === 0;
  for (const [what, expected, found] of [
    ['training', message.fingerprint, datasets.train.fingerprint],
    ['test', message.testFingerprint, datasets.test.fingerprint],
    ['validation', message.validationFingerprint, datasets.validation?.fingerprint ?? 'none'],
  ] as const) {
    if (expected === undefined || expected === '' || expected === found) continue; // older checkpoints do not say
    throw mismatch(
      file,
      'fingerprint',
      `the ${what} data of the run (${expected.slice(0, 12)}...)`,
      `other data (${found.slice(0, 12)}...)`,
    );
  }
  restoreWeights(runtime, message, file);
  if (begins) initializeState(arena, layout, runtime.optimizer);
  else restoreOptimizer(runtime, message, file);
  let small: z.output<typeof smallStateSchema>;
  try {
    small = smallStateSchema.parse(JSON.parse(message.state));
  } catch (error) {
    throw mismatch(file, 'state', 'the state of a training', (error as Error).message, error);
  }
  if (!begins) schedule.restore(small.schedule ?? null);
  callbacks.restore(small.callbacks);
  return {
    epoch: message.epoch,
    position: message.position,
    step: begins ? 0 : message.step,
    batch: small.batch,
    meter: small.meter as MeterState | undefined,
    history: small.history as EpochRecord[],
    learningRateScale: small.learningRateScale,
    stopped: small.stopped,
    restored: undefined,
    seconds: small.seconds,
  };
}

function restoreOptimizer({ arena, layout }: Runtime, message: CheckpointMessage, file: string): void {
  const states = new Map(message.optimizer.map((tensor) => [tensor.name, tensor]));
  if (states.size !== layout.optimizerStates.length) {
    throw mismatch(file, 'optimizer', `the states ${layout.optimizerStates.join(', ')}`, [...states.keys()].join(', '));
  }
  for (const name of layout.optimizerStates) {
    const slot = arena.slot(slotNames.optimizer(name));
    copyTensor(arena.float32(slot), states.get(name)?.data, file, `optimizer state ${name}`);
  }
}

/**
 * Weights, their average where the optimizer keeps one, and moving statistics of a checkpoint into the arena.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` when they are of another model.
 */
export function restoreWeights(
  { arena, layout }: Pick<Runtime, 'arena' | 'layout'>,
  message: CheckpointMessage,
  file: string,
): void {
  const tensors = new Map(message.weights.map((tensor) => [tensor.name, tensor]));
  const missing = layout.parameters.filter(({ name }) => !tensors.has(name)).map(({ name }) => name);
  const unexpected = [...tensors.keys()].filter((name) => !layout.parameters.some((place) => place.name === name));
  if (missing.length > 0 || unexpected.length > 0) {
    const list = (names: string[]) => (names.length === 0 ? 'none' : names.slice(0, 6).join(', '));
    throw mismatch(
      file,
      'weights',
      'the weights of this model',
      `missing: ${list(missing)}; unexpected: ${list(unexpected)}`,
    );
  }
  const slot = arena.slot(slotNames.weights);
  for (const { name, offset, length } of layout.parameters) {
    copyTensor(arena.float32(slot, offset, length), tensors.get(name)?.data, file, name);
  }
  // The average belongs to the weights: it is what evaluation and export take.
  const average = message.optimizer.find(({ name }) => name === averagedState);
  if (layout.optimizerStates.includes(averagedState)) {
    copyTensor(
      arena.float32(arena.slot(slotNames.optimizer(averagedState))),
      average?.data,
      file,
      `optimizer state ${averagedState}`,
    );
  }
}

function copyTensor(target: Float32Array, data: Uint8Array | undefined, file: string, place: string): void {
  if (data?.byteLength !== target.byteLength) {
    throw mismatch(file, place, `${target.byteLength} bytes`, `${data?.byteLength ?? 0}`);
  }
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(data);
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function mismatch(file: string, place: string, expected: string, found: string, cause?: unknown): ConvoyError {
  return new ConvoyError(
    'CONVOY_CHECKPOINT',
    `${file}: ${place}: expected ${expected} but found ${found}`,
    { file, place },
    cause,
  );
}
