import { readFile } from 'node:fs/promises';
import type { LayersModel } from '../base/tf.js';
import { createModel, type NetworkShape } from '../models/index.js';
import { readModelFile } from './load-model.js';

/** What a file says of a model. */
interface FiledModel {
  readonly model: LayersModel;
  /** In the order of `modelParameters`; undefined for a network that is only described. */
  readonly weights?: Float32Array[];
}

/**
 * The model of a file: Keras's `.keras` or `.h5`, tfjs's `model.json`, or a network described in JSON (see `custom`).
 *
 * @param shape images and classes that a described network is built for; a model that is there has its own.
 * @throws ConvoyError `CONVOY_WEIGHTS`, `CONVOY_MODEL` for files that are damaged or hold no model, `CONVOY_OPTION` for a
 *   description that is wrong.
 */
export async function openModelFile(file: string, shape: NetworkShape): Promise<FiledModel> {
  const description = await describedNetwork(file);
  return description === undefined
    ? readModelFile(file, shape)
    : { model: createModel('custom', { ...description, ...shape }) };
}

/** The options of a custom network, if that is what the file holds; damaged JSON is told by who reads model files. */
async function describedNetwork(file: string): Promise<Record<string, unknown> | undefined> {
  if (!file.endsWith('.json')) return undefined;
  try {
    const json: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof json === 'object' && json !== null && 'layers' in json && !('config' in json)
      ? { ...json }
      : undefined;
  } catch {
    return undefined;
  }
}
