import { join } from 'node:path';
import { ConvoyError, combinationError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { RunConfig, SettledConfig } from '../config/index.js';
import type { LossSpec, Precision, StepSpec } from '../contracts/index.js';
import { cacheFolder } from '../data/index.js';
import { compiledGraph, type EngineSource, memoryIsShared } from '../engine/index.js';
import { unsupportedLayers } from '../graph/index.js';
import { loadModuleLoss } from '../losses/index.js';
import { type CpuFeatures, cpuFeatures, hidesCaches, type Native } from '../native/index.js';
import { type SplitModel, splitFrozen } from '../transfer/index.js';

export interface EngineSourceOptions {
  readonly config: SettledConfig;
  readonly native: Native;
  readonly model: LayersModel;
  readonly spec: StepSpec;
  readonly shards: number;
  readonly onNote?: ((note: string) => void) | undefined;
  readonly cacheFeatures?: boolean | undefined;
  /** convoy's ops that may be used; default: all that are built. */
  readonly kernels?: readonly string[] | undefined;
}

/** Samples that the largest shard of a batch has. */
export function shardRows(batchSize: number, shards: number): number {
  return Math.ceil(batchSize / shards);
}

/**
 * The precision of a run: `auto` is bfloat16 where the processor has it and the compiled engine will be used.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a bfloat16 that would be slower than float32, unless forced.
 */
export function settlePrecision(
  { precision, forcePrecision, engine, loss }: Pick<RunConfig, 'precision' | 'forcePrecision' | 'engine' | 'loss'>,
  model: LayersModel,
  features: CpuFeatures = cpuFeatures(),
): Precision {
  if (precision === 'auto') {
    return engine !== 'eager' && features.bfloat16 && onlyEager(model, loss).length === 0 ? 'bfloat16' : 'float32';
  }
  if (precision === 'float32' || forcePrecision || features.bfloat16) return precision;
  const found = features.limit ?? 'this one has neither';
  throw new ConvoyError(
    'CONVOY_OPTION',
    `Expected a processor with AVX512-BF16 or AMX for --precision bfloat16 but ${found}: --precision auto takes float32 here; --force-precision rounds numbers to bfloat16 all the same, but computes in float32 and is slower than float32 alone`,
    { place: '--precision' },
  );
}

/** A recorded configuration for this processor: what was trained in a bfloat16 that it does not have goes on in float32. */
export function onThisProcessor(
  config: RunConfig,
  onNote?: (note: string) => void,
  features: CpuFeatures = cpuFeatures(),
): RunConfig {
  if (config.precision !== 'bfloat16' || config.forcePrecision || features.bfloat16) return config;
  onNote?.('the run was recorded in bfloat16, which this processor does not have: float32 takes its place');
  return { ...config, precision: 'float32' };
}

/** How workers compute; in two parts where the features of a frozen base may be kept. */
export async function engineSource(
  options: EngineSourceOptions,
): Promise<{ source: EngineSource; parts?: SplitModel }> {
  const { config, native, model, spec, shards, onNote, cacheFeatures, kernels = native.kernels.ops } = options;
  const eager = { source: { kind: 'eager', topology: JSON.stringify(model.toJSON(undefined, false)) } } as const;
  if (spec.loss.name === 'module') await loadModuleLoss(spec.loss); // told here, not by a worker
  const [missing] = config.engine === 'eager' ? [] : onlyEager(model, spec.loss);
  if (
    config.precision !== 'float32' &&
    (config.engine === 'eager' || (missing !== undefined && config.engine === 'auto'))
  ) {
    const why = missing === undefined ? '' : `, which does not know ${missing}`;
    throw combinationError(
      `--precision ${config.precision}`,
      'needs',
      `the compiled engine${why}; use --precision float32`,
    );
  }
  if (config.engine === 'eager') return eager;
  if (missing !== undefined && config.engine === 'auto') {
    onNote?.(`the compiler does not know ${missing}: training with the eager engine`);
    return eager;
  }
  const { limit } = cpuFeatures();
  const untold = hidesCaches() && native.kernels.correctCaches === undefined;
  if (limit !== undefined)
    onNote?.(
      untold ? `${limit}: this machine hides its caches and our own library, which tells them, is not built` : limit,
    );
  const writesInPlace = memoryIsShared(native);
  if (!writesInPlace)
    onNote?.('this TensorFlow build copies shared memory: weights and gradients are copied every step');
  if (native.kernels.problem !== undefined)
    onNote?.(`TensorFlow's kernels are used alone, which is slower: ${native.kernels.problem}`);
  const fixed = cacheFeatures === true && config.cacheFeatures && !config.augment?.length && spec.mix === undefined;
  const split = fixed ? splitFrozen(model) : undefined;
  if (split !== undefined && 'why' in split) onNote?.(`the base is frozen but its features are not kept: ${split.why}`);
  const cut = split !== undefined && 'parts' in split ? split : undefined;
  const graph = await compiledGraph(cut?.model ?? model, spec, {
    folder: join(cacheFolder(), 'graphs'),
    tensorflowVersion: native.tensorflowVersion,
    writesInPlace,
    kernels: chosenKernels(kernels, config),
    parts: cut?.parts,
    ...(shards > 1 && { exchange: { shards, rows: shardRows(config.batchSize, shards) } }),
  });
  if (graph.damaged) onNote?.(`a damaged graph in the cache was compiled anew: ${graph.folder}`);
  return { source: { kind: 'compiled', graph }, ...(cut && { parts: cut.parts }) };
}

/** convoy's kernels work on one thread each; these are quicker than TensorFlow's only where those have no more. */
const noMatchForThreads: ReadonlySet<string> = new Set([
  'ConvoyPooledConvolution',
  'ConvoyPooledConvolutionInto',
  'ConvoyRowProducts',
  'ConvoyWinogradConvolution',
  'ConvoyWinogradFilterGrad',
]);

function chosenKernels(
  ops: readonly string[],
  { intraOpThreads = 1, exactConvolutions }: Pick<RunConfig, 'intraOpThreads' | 'exactConvolutions'>,
): readonly string[] {
  const quick = intraOpThreads === 1 ? ops : ops.filter((op) => !noMatchForThreads.has(op));
  return exactConvolutions ? quick.filter((op) => !op.startsWith('ConvoyWinograd')) : quick;
}

/** What of a training the compiler does not know. */
function onlyEager(model: LayersModel, loss: LossSpec | RunConfig['loss']): string[] {
  const layers = unsupportedLayers(model).map(({ layer, className }) => `the layer ${layer} (${className})`);
  return loss.name === 'module' ? [`the loss of ${loss.path}`, ...layers] : layers;
}
