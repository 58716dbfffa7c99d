import type { LayersModel } from '../base/tf.js';
import type { RunConfig, SettledConfig } from '../config/index.js';
import type { Dataset, StepSpec } from '../contracts/index.js';
import { loadArchitecture, takesRawPixels } from '../models/index.js';
import { normalizationOf } from '../transfer/index.js';
import { checkFits, openModel } from './base-model.js';
import { settleClassWeights } from './class-weights.js';
import type { RuntimeInternals, RuntimeOptions } from './contract.js';
import { settlePrecision } from './engine-source.js';
import { requireFiniteWeights } from './finite-weights.js';
import { activationNote } from './output-activation.js';
import { preprocessOf, stepSpec } from './step-spec.js';
import { startWeights } from './whitening.js';

/** The network of a run, and what it settles of the configuration. */
export interface OpenedNetwork {
  readonly model: LayersModel;
  /** In the order of `modelParameters`; undefined where the caller restores them. */
  readonly weights?: readonly Float32Array[];
  /** With normalization and precision settled. */
  readonly config: SettledConfig;
  readonly spec: StepSpec;
}

/**
 * Opens the network that is trained: a copy of the model given in code, that of a recorded run, or the configuration's. The
 * caller disposes it.
 *
 * @throws ConvoyError as `openModel`, `CONVOY_WEIGHTS` for weights that are not finite, and `CONVOY_OPTION` where normalization, loss or precision do not fit it.
 */
export async function openNetwork(
  options: RuntimeOptions,
  { recorded }: RuntimeInternals,
  train: Dataset,
): Promise<OpenedNetwork> {
  const { model, weights, normalize = usualNormalize(model, train) } = await findModel(options, recorded, train);
  if (weights !== undefined) requireFiniteWeights(model, weights, sourceOf(options));
  const settled = settleClassWeights(options.config, train);
  const config = { ...settled, normalize, precision: settlePrecision(options.config, model) };
  const spec = stepSpec(config, model, train);
  const note = activationNote(model, spec.loss);
  if (note !== undefined) options.onNote?.(note);
  return { model, config, spec, ...(weights && { weights }) };
}

/** Where weights come from, as a person named it. */
function sourceOf({ config, model, weights }: RuntimeOptions): string {
  if (weights !== undefined || model !== undefined) return `the weights of ${(model ?? config.model).name}`;
  return config.weights ?? (config.base ?? config.model).name;
}

interface FoundModel {
  readonly model: LayersModel;
  readonly weights?: readonly Float32Array[];
  readonly normalize?: RunConfig['normalize'];
}

async function findModel(
  options: RuntimeOptions,
  recorded: RuntimeInternals['recorded'],
  train: Dataset,
): Promise<FoundModel> {
  const { config } = options;
  if (options.model !== undefined) {
    const model = loadArchitecture(
      JSON.parse(JSON.stringify(options.model.toJSON(undefined, false))),
      options.model.name,
    );
    checkFits(model, options.model.name, train);
    const drawn = () => startWeights(model, config.seed, train, preprocessOf(config, train.shape.channels));
    return { model, weights: options.weights ?? (await drawn()), normalize: config.normalize };
  }
  const earlier = await recorded?.();
  if (earlier !== undefined) return { model: earlier, normalize: config.normalize };
  const opened = await openModel(options, train);
  return { normalize: config.normalize, ...opened, ...(options.weights && { weights: options.weights }) };
}

/** Pixels / 255, or unchanged pixels for a model that rescales them itself. */
function usualNormalize(model: LayersModel, { shape: { channels } }: Dataset): RunConfig['normalize'] {
  if (!takesRawPixels(model)) return 'unit';
  const each = (value: number): number[] => new Array<number>(channels).fill(value);
  return normalizationOf({ scale: each(1), offset: each(0) });
}
