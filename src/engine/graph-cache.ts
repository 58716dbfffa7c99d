import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markUsed, trimCache, warnOfCache } from '../base/cache-folder.js';
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
  /** convoy's ops that may be used (see `compileModel`). */
  readonly kernels?: readonly string[] | undefined;
}

/** Bytes of compiled graphs that are kept. */
const mostBytes = 256 * 2 ** 20;

/**
 * The compiled graph of a model, from the cache when the same model, shapes, specification, TensorFlow and compiler
 * have been seen before; else, or where that graph is damaged, compiled and put there, whole or not at all.
 *
 * Where the cache can't be written the graph is compiled for this process alone.
 *
 * @throws ConvoyError `CONVOY_MODEL` when the model cannot be compiled, `CONVOY_DISK` when there is no folder to write to.
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
  const write = async (target: string): Promise<void> => {
    await mkdir(target, { recursive: true });
    await writeFile(join(target, graphFile), savedModel, { flush: true });
    const sha256 = digestOf(savedModel, JSON.stringify(entry));
    await writeFile(join(target, functionsFile), JSON.stringify({ ...entry, sha256 }), { flush: true });
  };
  try {
    await write(part);
    // Another run may have put the same graph there meanwhile, which its workers may be reading; a damaged one makes way.
    if ((await readEntry(place)) === 'damaged') await rm(place, { recursive: true, force: true });
    await rename(part, place).catch(async (error: unknown) => {
      if (typeof (await readEntry(place)) !== 'object') throw error;
    });
  } catch (error) {
    warnOfCache(place, error);
    const temporary = await temporaryFolder(place, error);
    await write(temporary).catch((second: unknown) => {
      throw cannotKeep(temporary, second);
    });
    return { ...entry, folder: temporary, compiled: true, damaged: false };
  } finally {
    await rm(part, { recursive: true, force: true }).catch(() => undefined); // a cache that can't be written
  }
  await removeDeadParts(folder);
  await trimCache(folder, mostBytes);
  return { ...entry, folder: place, compiled: true, damaged: known === 'damaged' };
}

/** A folder for the time of this process: TensorFlow loads graphs from files. */
async function temporaryFolder(place: string, cause: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-graph-')).catch(() => {
    throw cannotKeep(place, cause); // neither can be written: the cache is what a person can change
  });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function cannotKeep(place: string, error: unknown): ConvoyError {
  const text = `${place}: expected to keep a compiled graph here but ${(error as Error).message}; $CONVOY_CACHE names another folder`;
  return new ConvoyError('CONVOY_DISK', text, { file: place }, error);
}

/** Over TensorFlow's file and what is said of it. */
function digestOf(graph: Uint8Array, entry: string): string {
  return createHash('sha256').update(graph).update(entry).digest('hex');
}

/** An entry, where it is whole: entries appear at once, so that one that is not whole was damaged. */
async function readEntry(place: string): Promise<Omit<CompiledSpec, 'folder'> | 'missing' | 'damaged'> {
  if (!existsSync(place)) return 'missing';
  try {
    const text = await readFile(join(place, functionsFile), 'utf8');
    const { sha256, ...entry } = JSON.parse(text) as Omit<CompiledSpec, 'folder'> & { readonly sha256: string };
    return digestOf(await readFile(join(place, graphFile)), JSON.stringify(entry)) === sha256 ? entry : 'damaged';
  } catch {
    return 'damaged'; // or removed meanwhile: either way it is compiled anew
  }
}
