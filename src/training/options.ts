import { valueError } from '../base/errors.js';
import { refuseUnknownKeys } from '../base/validate.js';
import type { Callback } from '../callbacks/index.js';
import type { ConfigInput } from '../config/index.js';
import { isDataset } from '../contracts/index.js';
import type { Runtime, RuntimeOptions } from '../runtime/index.js';
import type { Progress } from './progress.js';
import type { Trace } from './trace.js';
import type { TrainingState } from './training-state.js';
import type { Watcher } from './watcher.js';

export interface TrainerOptions extends Omit<RuntimeOptions, 'config'> {
  /** The configuration; missing options have their defaults. Not with `resume`. */
  readonly config?: ConfigInput;
  /** Folder for the run's files; without it nothing is written. */
  readonly out?: string;
  /** Run folder to go on with, from its last checkpoint. */
  readonly resume?: string;
  /** With `resume`: run code that the folder names, the module of its loss. Default: refuse. */
  readonly trustCode?: boolean;
  readonly callbacks?: readonly Callback[];
  readonly onBatch?: (progress: Progress) => void;
  /** Told when everything is open, before the first step. */
  readonly onStart?: (runtime: Runtime, state: Readonly<TrainingState>) => void;
  /** Told what happens; they change nothing. */
  readonly watchers?: readonly Watcher[];
  /** Filled with the timeline of the run; the caller writes it. */
  readonly trace?: Trace;
}

const known: Readonly<Record<keyof TrainerOptions, true>> = {
  config: true,
  model: true,
  datasets: true,
  callbacks: true,
  out: true,
  resume: true,
  signal: true,
  dataDir: true,
  weights: true,
  trustCode: true,
  onBatch: true,
  onNote: true,
  onProgress: true,
  onStart: true,
  trace: true,
  watchers: true,
};

/**
 * Checks what a trainer is given in code.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a key that is not known, or data and models that are none.
 */
export function checkTrainerOptions(options: TrainerOptions): void {
  refuseUnknownKeys('Trainer', options, Object.keys(known));
  const { model, datasets, callbacks } = options;
  if (model !== undefined && !(isObject(model) && 'getWeights' in model)) {
    throw valueError('model', 'a tf.LayersModel (config.model names a network)', model);
  }
  if (callbacks !== undefined && !Array.isArray(callbacks)) throw valueError('callbacks', 'a list', callbacks);
  if (datasets === undefined) return;
  for (const split of ['train', 'test'] as const) {
    const dataset: unknown = isObject(datasets) ? datasets[split] : undefined;
    if (isDataset(dataset)) continue;
    const advice = 'datasetFromArrays and datasetFromFolder make datasets';
    throw valueError(`datasets.${split}`, 'a dataset', dataset, advice);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
