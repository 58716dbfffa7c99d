import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markUsed, trimCache } from '../base/cache-folder.js';
import { ConvoyError } from '../base/errors.js';
import { partOf, removeDeadParts } from '../base/part-file.js';
import type { LayersModel } from '../base/tf.js';
import type { StepSpec } from '../contracts/index.js';
import { compileModel, compilerVersion, type Exchange, type ModelParts } from '../graph/index.js';
import { modelParameters } from '../models/parameters.js';
import type { CompiledSpec } from './compiled.js';

/** Files of an entry: TensorFlow's, and ours with what to feed and fetch and the digest of TensorFlow's. */
const graphFile = 'saved_model.pb';
const functionsFile = 'functions.json';

export interface GraphCacheOptions {
  /** Folder of the cache; made when missing. */
  readonly folder: string;
  readonly tensorflowVersion: string;
  /** Whether results are written into fed memory. */
  readonly writesInPlace: boolean;
  /** The model cut in two (see `compileModel`). */
  readonly parts?: ModelParts | undefined;
  /** How shards share the gradients of large dense kernels (see `compileModel`). */
  readonly exchange?: Exchange | undefined;
  /** Ops of our own that may be used (see `compileModel`). */
  readonly kernels?: readonly string[] | undefined;
}

/** Bytes of compiled graphs that are kept. */
const mostBytes = 256 * 2 ** 20;

/**
 * The compiled graph of a model, from the cache when the same model, shapes, specification, TensorFlow and compiler
 * have been seen before; else, or where that graph is damaged, compiled and put there, whole or not at all.
 *
 * @throws ConvoyError `CONVOY_MODEL` when the model cannot be compiled, `CONVOY_DISK` when the cache is not writable.
 */
export async function compiledGraph(
  model: LayersModel,
  spec: StepSpec,
  { folder, tensorflowVersion, writesInPlace, parts, exchange, kernels = [] }: GraphCacheOptions,
): Promise<CompiledSpec & { readonly compiled: boolean; readonly damaged: boolean }> {
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        compilerVersion,
        tensorflowVersion,
        writesInPlace,
        spec,
        model.toJSON(undefined, false),
        modelParameters(model).map((parameter) => parameter.spec),
        parts?.head.layers.map(({ name }) => name),
        exchange,
        kernels,
      ]),
    )
    .digest('hex');
  const place = join(folder, key);
  const known = await readEntry(place);
  if (typeof known === 'object') {
    await markUsed(place);
    return { ...known, folder: place, compiled: false, damaged: false };
  }

  const { savedModel, train, evaluate, features, products } = compileModel(model, spec, {
    tensorflowVersion,
    writeInPlace: writesInPlace,
    parts,
    exchange,
    kernels,
  });
  const entry = { train, evaluate, ...(features && { features }), products, writesInPlace };
  const part = partOf(place);
  try {
    await mkdir(part, { recursive: true });
    await writeFile(join(part, graphFile), savedModel, { flush: true });
    await writeFile(join(part, functionsFile), JSON.stringify({ ...entry, sha256: digestOf(savedModel) }), {
      flush: true,
    });
    // Another run may have put the same graph there meanwhile, which its workers may be reading; a damaged one makes way.
    if ((await readEntry(place)) === 'damaged') await rm(place, { recursive: true, force: true });
    await rename(part, place).catch(async (error: unknown) => {
      if (typeof (await readEntry(place)) !== 'object') throw error;
    });
  } catch (error) {
    throw new ConvoyError(
      'CONVOY_DISK',
      `${place}: expected to keep a compiled graph here but ${(error as Error).message}; $CONVOY_CACHE names another folder`,
      { file: place },
      error,
    );
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  await removeDeadParts(folder);
  await trimCache(folder, mostBytes);
  return { ...entry, folder: place, compiled: true, damaged: known === 'damaged' };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** An entry, where it is whole: entries appear at once, so that one that is not whole was damaged. */
async function readEntry(place: string): Promise<Omit<CompiledSpec, 'folder'> | 'missing' | 'damaged'> {
  if (!existsSync(place)) return 'missing';
  try {
    const text = await readFile(join(place, functionsFile), 'utf8');
    const { sha256, ...entry } = JSON.parse(text) as Omit<CompiledSpec, 'folder'> & { readonly sha256: string };
    return digestOf(await readFile(join(place, graphFile))) === sha256 ? entry : 'damaged';
  } catch {
    return 'damaged'; // or removed meanwhile: either way it is compiled anew
  }
}
