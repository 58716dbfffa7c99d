import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { choiceError, combinationError, fileError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import {
  createModel,
  type ModelSummary,
  modelSummary,
  type NetworkShape,
  networkNamed,
  networks,
} from '../models/index.js';
import { RunFolder } from '../run/index.js';
import { openModelFile } from '../weights/index.js';

/** Size of the input and number of classes; what is left out is the network's own. */
export interface DescribedShape {
  /** Height and width in pixels. */
  readonly size?: number | undefined;
  readonly channels?: number | undefined;
  readonly classes?: number | undefined;
}

/**
 * Layers, shapes, parameters, multiply-adds and memory of a model.
 *
 * @param model a network's name and options, or as `name` a model file of Keras or tfjs, a network described in JSON, or a
 *   run folder.
 * @throws ConvoyError `CONVOY_OPTION` for a name that is none of these, or a shape beside a model that has its own.
 */
export async function describeModel(
  { name, ...options }: { readonly name: string; readonly [option: string]: unknown },
  shape: DescribedShape = {},
): Promise<ModelSummary> {
  const model = await chosenModel(name, options, shape);
  try {
    return modelSummary(model);
  } finally {
    model.dispose();
  }
}

async function chosenModel(
  name: string,
  options: Readonly<Record<string, unknown>>,
  given: DescribedShape,
): Promise<LayersModel> {
  const isNetwork = networks.some((known) => known.name === name);
  if (!isNetwork && !existsSync(name)) {
    throw choiceError('the model', name, {
      known: networks.map((known) => known.name),
      what: 'network',
      also: 'the path of a model file or run folder',
      list: 'convoy model',
    });
  }
  const network = networkNamed(isNetwork ? name : 'custom');
  const { size = network.defaultInput, channels = network.defaultChannels, classes = network.defaultClasses } = given;
  const shape = { height: size, width: size, channels, classes };
  if (isNetwork) return createModel(name, { ...shape, ...options });
  const surplus = Object.keys(options)[0];
  if (surplus !== undefined)
    throw combinationError(`Option ${surplus}`, 'needs', `a network by name; ${name} is a file or folder`);
  const { model, described } = await modelAt(name, shape);
  const flag = described ? undefined : Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (flag !== undefined) {
    model.dispose();
    throw combinationError(`--${flag}`, 'needs', `a network by name or in JSON; the model in ${name} has its own`);
  }
  return model;
}

async function modelAt(path: string, shape: NetworkShape): Promise<{ model: LayersModel; described: boolean }> {
  if (existsSync(join(path, 'config.json'))) {
    const model = await RunFolder.open(path).readArchitecture();
    if (model === undefined)
      throw fileError('CONVOY_CHECKPOINT', path, 'architecture.json', 'the architecture of the run', 'none');
    return { model, described: false };
  }
  if (statSync(path).isDirectory())
    throw fileError('CONVOY_CHECKPOINT', path, 'config.json', 'the configuration of a run', 'none');
  const { model, weights } = await openModelFile(path, shape);
  return { model, described: weights === undefined };
}
