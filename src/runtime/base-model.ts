import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConvoyError, choiceError, combinationError, fileError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import { type RunConfig, resolveConfig } from '../config/index.js';
import type { Dataset } from '../contracts/index.js';
import type { DataProgress } from '../data/index.js';
import { createModel, networks } from '../models/index.js';
import { checkpointWeights, RunFolder, readCheckpoint } from '../run/index.js';
import { normalizationOf, transferByName, transferFrom } from '../transfer/index.js';
import { mapWeights, openModelFile, readModelFile, readWeightsFile } from '../weights/index.js';
import { preprocessOf } from './step-spec.js';
import { startWeights } from './whitening.js';

/** What a configuration's model is at the start of training. */
export interface OpenedModel {
  readonly model: LayersModel;
  /** In the order of `modelParameters`. */
  readonly weights: readonly Float32Array[];
  /** What the weights expect of pixels; the configuration's own if it says. */
  readonly normalize?: RunConfig['normalize'];
}

export interface OpenModelOptions {
  readonly config: RunConfig;
  readonly onProgress?: ((progress: DataProgress) => void) | undefined;
  /** Told what of a weights file is left out or changed. */
  readonly onNote?: ((note: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The model that a configuration describes, for the images and classes of a dataset: a network by name, a model file of
 * Keras or tfjs, a network described in JSON, or a base (network with trained weights, earlier run, model file) with a new
 * head and frozen layers.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a name that is none of these or options that do not go together;
 *   `CONVOY_MODEL` for a model of other images or classes; `CONVOY_WEIGHTS`, `CONVOY_CHECKPOINT`, `CONVOY_DATA` for files.
 */
export async function openModel(options: OpenModelOptions, train: Dataset): Promise<OpenedModel> {
  const { config } = options;
  const opened =
    config.base === undefined ? await openWhole(options, train) : await openBase(options, config.base, train);
  checkFits(opened.model, config.model.name, train);
  return { ...opened, normalize: config.normalize ?? opened.normalize };
}

async function openWhole({ config, onNote }: OpenModelOptions, train: Dataset): Promise<OpenedModel> {
  const {
    model: { name, ...networkOptions },
    weights,
  } = config;
  if (weights === 'imagenet')
    throw combinationError('--weights imagenet', 'needs', `a base: --base ${name} instead of --model ${name}`);
  if (isNetwork(name)) {
    return started(createModel(name, { ...networkOptions, ...shapeOf(train, config) }), config, train, onNote);
  }
  if (!existsSync(name)) throw unknownModel('--model', name, 'the path of a model file');
  const surplus = Object.keys(networkOptions)[0];
  if (surplus !== undefined)
    throw combinationError(`model.${surplus}`, 'needs', `a network by name; ${name} is a file`);
  const { model, weights: own } = await openModelFile(name, shapeOf(train, config));
  return own === undefined || weights !== undefined ? started(model, config, train, onNote) : { model, weights: own };
}

async function started(
  model: LayersModel,
  config: RunConfig,
  train: Dataset,
  onNote: OpenModelOptions['onNote'],
): Promise<OpenedModel> {
  const { weights, seed } = config;
  if (weights !== undefined) return { model, weights: mapWeights(model, await readWeightsFile(weights), { onNote }) };
  return { model, weights: await startWeights(model, seed, train, preprocessOf(config, train.shape.channels)) };
}

async function openBase(
  { config, onProgress, onNote, signal }: OpenModelOptions,
  { name, ...networkOptions }: NonNullable<RunConfig['base']>,
  train: Dataset,
): Promise<OpenedModel> {
  const { head, freeze, seed, weights } = config;
  const { classes, ...shape } = shapeOf(train, config);
  const headOptions = { classes, head, freeze, seed };
  if (isNetwork(name)) {
    if (weights === undefined)
      throw combinationError(
        `--base ${name}`,
        'needs',
        '--weights imagenet or a weights file: a base is a trained network',
      );
    const {
      model,
      weights: values,
      preprocess,
    } = await transferByName({
      ...headOptions,
      base: name,
      shape,
      networkOptions,
      weights,
      onNote,
      onProgress: (progress) => onProgress?.({ ...progress, unit: 'bytes' }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { model, weights: values, ...(preprocess && { normalize: normalizationOf(preprocess) }) };
  }
  const surplus = Object.keys(networkOptions)[0];
  if (surplus !== undefined)
    throw combinationError(`base.${surplus}`, 'needs', `a network by name; ${name} is a run or file`);
  if (existsSync(join(name, 'config.json'))) return openBaseRun(name, weights, headOptions);
  if (!existsSync(name)) throw unknownModel('--base', name, 'the path of a run folder or model file');
  if (weights !== undefined)
    throw combinationError('--weights', 'excludes', `the base ${name}: a model file has its own weights`);
  return transferFrom(await readModelFile(name, shape), headOptions);
}

async function openBaseRun(
  run: string,
  wanted: string | undefined,
  options: Parameters<typeof transferFrom>[1],
): Promise<OpenedModel> {
  const folder = RunFolder.open(run);
  const base = await folder.readArchitecture();
  if (base === undefined)
    throw fileError('CONVOY_CHECKPOINT', run, 'architecture.json', 'the architecture of the run', 'none');
  const file = folder.checkpoint(wanted ?? (await folder.finalCheckpoint()));
  const config = resolveConfig({ where: `${run}/config.json`, input: await folder.readConfig() });
  const weights = checkpointWeights(await readCheckpoint(file), base, file);
  const channels = base.inputs[0]?.shape.at(-1) ?? 1;
  return {
    ...transferFrom({ model: base, weights }, options),
    normalize: normalizationOf(preprocessOf(config, channels)),
  };
}

/** A name that is no network, and no path either. */
function unknownModel(flag: string, name: string, also: string): ConvoyError {
  const known = networks.map((network) => network.name);
  return choiceError(flag, name, { known, what: 'network', also, list: 'convoy model' });
}

function isNetwork(name: string): boolean {
  return networks.some((network) => network.name === name);
}

/** What a network is built for: its `classes` are its outputs. */
function shapeOf(
  { shape, classes, targets, name }: Dataset,
  { outputs }: RunConfig,
): Dataset['shape'] & { readonly classes: number } {
  if (outputs !== undefined && (targets.kind !== 'classes' || classes.length !== 2)) {
    const found = targets.kind === 'classes' ? `${classes.length} classes` : 'several labels an image';
    throw combinationError('--outputs 1', 'needs', `two classes, as --classes cat,dog; ${name} has ${found}`);
  }
  return { ...shape, classes: outputs ?? classes.length };
}

/**
 * Networks by name are built to fit; models of files, of runs and of code may be of other images or classes.
 *
 * @throws ConvoyError `CONVOY_MODEL` with the shape that the model takes and the one that the data have.
 */
export function checkFits(model: LayersModel, name: string, { shape, classes, targets, name: dataset }: Dataset): void {
  const wanted = [shape.height, shape.width, shape.channels];
  const input = model.inputs[0]?.shape.slice(1) ?? [];
  const output = model.outputs[0]?.shape.slice(1) ?? [];
  const fail = (expected: string, found: string): ConvoyError =>
    new ConvoyError('CONVOY_MODEL', `Expected ${expected} but ${dataset} has ${found}`, { file: name });
  if (model.inputs.length !== 1) {
    const message = `${name}: expected a model with one input, images, but found ${model.inputs.length}`;
    throw new ConvoyError('CONVOY_MODEL', message, { file: name });
  }
  if (input.length !== 3 || wanted.some((size, axis) => size !== input[axis])) {
    const resized = shape.channels === input[2] ? ' (--image-size resizes them)' : '';
    const flatten = `tf.layers.flatten({ inputShape: [${wanted.join(', ')}] })`;
    const advice = input.length === 1 ? ` (begin the network with ${flatten})` : resized;
    throw fail(`images of ${input.join('x')}, which ${name} takes,`, `${wanted.join('x')}${advice}`);
  }
  if (model.outputs.length !== 1) {
    const message = `${name}: expected a model with one output, which a training takes, but found ${model.outputs.length}: save one of them as a model of its own`;
    throw new ConvoyError('CONVOY_MODEL', message, { file: name });
  }
  // The step's own check knows what these give.
  if (['masks', 'boxes', 'pixels'].includes(targets.kind)) return;
  // One output serves two classes by a binary loss, or any number by a regression.
  const isSingle = output[0] === 1 && targets.kind === 'classes';
  if (output.length !== 1) {
    const message = `Expected one row of values an image from ${name} but its output is ${output.join('x')}; put a flatten layer behind it, or train it on a dataset with masks`;
    throw new ConvoyError('CONVOY_MODEL', message, { file: name });
  }
  if (output[0] !== classes.length && !isSingle) {
    const advice = `give the last layer ${classes.length} units, or let --base put a new head on a trained model`;
    throw fail(`${output.join('x')} classes, which ${name} tells apart,`, `${classes.length} (${advice})`);
  }
}
