import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import util from 'node:util';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import type tfjsNode from '@tensorflow/tfjs-node';
import { ConvoyError, valueError } from '../base/errors.js';
import { setUpCommand } from '../base/set-up.js';
import { attributeNames } from './attributes.js';
import { asBackend, type Backend, type Binding, rawAttribute } from './binding.js';
import { AddonNative } from './handle.js';
import { kernelsLibrary, loadKernels } from './kernels.js';
import { hidesCaches } from './processor.js';
import { withoutNoise } from './quiet.js';
import type { Native, NativeOptions } from './types.js';

/** Seen by every worker started after the main thread is ready. */
const readyKey = 'convoy:native';
/** The file of the addon, for workers. */
const addonKey = 'convoy:addon';

let loading: Promise<Native> | undefined;
/** The addon without tfjs, in a worker. */
let alone: Promise<Native> | undefined;

/**
 * tfjs-node 4.22 calls helpers of `util` that Node 22 warns of and Node 23 removed; these do the same without a word.
 * `require('util')` in its CommonJS files is this very object.
 */
function restoreUtil(): void {
  const helpers: Readonly<Record<string, (value: unknown) => boolean>> = {
    isNullOrUndefined: (value) => value === null || value === undefined,
    isArray: (value) => Array.isArray(value),
  };
  for (const [name, helper] of Object.entries(helpers)) {
    Object.defineProperty(util, name, { value: helper, configurable: true, writable: true });
  }
}

/** Loads tfjs-node in this thread, which registers the addon as tfjs's backend. */
function openBackend(): Backend {
  restoreUtil();
  // Required, not imported: see src/base/tf.ts.
  const node = createRequire(import.meta.url)('@tensorflow/tfjs-node') as typeof tfjsNode;
  return asBackend(node.backend());
}

/** Loads the addon alone, as the main thread found it: a worker that makes no tensors of tfjs's need not load tfjs. */
function openAddon(): Backend {
  const withoutTensors = (): never => {
    throw new ConvoyError('CONVOY_NATIVE', 'Expected a thread with tfjs for its tensors but found the addon alone');
  };
  const binding: unknown = createRequire(import.meta.url)(String(getEnvironmentData(addonKey)));
  return asBackend({ binding, createOutputTensor: withoutTensors, getInputTensorIds: withoutTensors });
}

/** The file of the addon, once tfjs-node has loaded it. */
function addonFile(): string | undefined {
  return Object.keys(createRequire(import.meta.url).cache).find((file) => file.endsWith('tfjs_binding.node'));
}

/** Opens the addon of this thread. */
async function open(
  openIt: () => Backend = openBackend,
): Promise<{ readonly native: Native; readonly binding: Binding }> {
  try {
    const backend = openIt();
    const { binding } = backend;
    return { native: new AddonNative(backend, loadKernels(binding.TF_Version)), binding };
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ConvoyError(
      'CONVOY_NATIVE',
      `Expected TensorFlow to load but found: ${reason}; ` +
        `run \`${setUpCommand}\`, which builds it or says what is missing`,
      {},
      error,
    );
  }
}

function fillAttributeNames(binding: Binding): void {
  const attributes = [...attributeNames].map((name) => rawAttribute({ name, kind: 'type', value: 'float32' }));
  // The addon inserts a name before it looks at the attribute's type, and stops at a type it does not know: with such
  // a one at the end every name is in, and the op, which has none of these attributes, does not run.
  const unknownType = -1;
  try {
    binding.executeOp('NoOp', [...attributes, { name: 'T', type: unknownType, value: 0 }], [], 0);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('Unhandled TF_AttrType'))) throw error;
  }
}

/** Variables that we set, as they were before. */
const given: Record<string, string | undefined> = {};

function setVariable(name: string, text: string): void {
  if (!(name in given)) given[name] = process.env[name];
  process.env[name] = text;
}

/** The environment as the process was given it, for processes that are to choose for themselves. */
export function givenEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ...given };
}

function setThreads(variable: string, option: string, value: number | undefined, standard?: string): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= 1024)) {
    throw valueError(option, 'an integer from 1 to 1024', value);
  }
  const text = value === undefined ? (process.env[variable] ?? standard) : String(value);
  if (text !== undefined) setVariable(variable, text);
}

/** TensorFlow's threads inside one op, once it has been loaded. They decide in which order sums are added: the last bits. */
export function intraOpThreads(): number {
  return Number(process.env['TF_NUM_INTRAOP_THREADS'] ?? 1);
}

/** A sharp call works on one small image: one thread, and no cache, whose entries would never be asked for again. */
async function loadSharp(): Promise<void> {
  try {
    const { default: sharp } = await import('sharp');
    sharp.concurrency(1);
    sharp.cache(false);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ConvoyError(
      'CONVOY_NATIVE',
      `Expected sharp to load but found: ${reason}; run \`npm ci\` on this machine (its binary is per platform)`,
      {},
      error,
    );
  }
}

/** Has oneDNN know of caches that the machine hides, before its first operation of size. */
function tellCaches(native: Native): void {
  const one = native.wrap(Float32Array.of(1), [1, 1]);
  const made = native.execute('MatMul', [{ name: 'T', kind: 'type', value: 'float32' }], [one, one], 1);
  for (const id of [one, ...made]) native.release(id);
  const corrected = native.kernels.correctCaches?.() ?? 0;
  // Not every system that shows no caches hides them from the processor's own instruction; and a later TensorFlow's oneDNN
  // takes those that are hidden to be of usual sizes.
  const [, minor = 0] = native.tensorflowVersion.split('.').map(Number);
  if (corrected !== 0 || minor > 21) return;
  const { correctCaches, problem = `our own library, which tells it, not built; run \`${setUpCommand}\`` } =
    native.kernels;
  const found = correctCaches === undefined ? problem : `no record of them in TensorFlow ${native.tensorflowVersion}`;
  throw new ConvoyError(
    'CONVOY_NATIVE',
    `Expected to tell TensorFlow's oneDNN of the caches, which this machine hides and without which it computes wrongly, ` +
      `but found ${found}; TF_ENABLE_ONEDNN_OPTS=0 trains without oneDNN, more slowly`,
  );
}

async function prepare(options: NativeOptions): Promise<Native> {
  const level = options.logLevel;
  if (level !== undefined && ![0, 1, 2, 3].includes(level))
    throw valueError('logLevel', 'an integer from 0 to 3', level);
  // TensorFlow reads these from the environment of the process, when its library loads or its first graph: a worker's copy
  // is not it.
  setThreads('TF_NUM_INTRAOP_THREADS', 'intraOpThreads', options.intraOpThreads, '1');
  setThreads('TF_NUM_INTEROP_THREADS', 'interOpThreads', options.interOpThreads);
  // TensorFlow takes oneDNN's kernels by itself only where the processor has AVX512-VNNI or later; with AVX2 alone they
  // are the quicker ones too (`bench peers` has Keras with and without), and the only ones here whose gradients know dilation.
  // Where the caches are hidden only our library can tell oneDNN of them: without it Eigen's kernels are the right ones.
  const blind = hidesCaches() && !existsSync(kernelsLibrary());
  if (process.env['TF_ENABLE_ONEDNN_OPTS'] === undefined) setVariable('TF_ENABLE_ONEDNN_OPTS', blind ? '0' : '1');
  if (level !== undefined || process.env['TF_CPP_MIN_LOG_LEVEL'] === undefined)
    setVariable('TF_CPP_MIN_LOG_LEVEL', `${level ?? 2}`);
  // sharp first, TensorFlow second: the order that the design measured to be safe with threads of both.
  await loadSharp();
  const { native, binding } = await withoutNoise(() => open());
  // Workers run their graphs themselves: handing each to a thread of TensorFlow's, on the same core, and waiting costs more
  // than ops side by side bring. Only where they can be made to round as TensorFlow's threads do (see `handle.ts`).
  if (native.kernels.flushSubnormals !== undefined)
    setThreads('TF_NUM_INTEROP_THREADS', 'interOpThreads', undefined, '-1');
  fillAttributeNames(binding);
  if (process.env['TF_ENABLE_ONEDNN_OPTS'] !== '0' && hidesCaches()) tellCaches(native);
  setEnvironmentData(addonKey, addonFile());
  setEnvironmentData(readyKey, true);
  return native;
}

/**
 * Prepares the process and loads TensorFlow on the main thread: sets thread counts and log level, loads sharp, then
 * TensorFlow as tfjs's backend, and makes the addon safe for workers (see `attributes.ts`). Await it before the first
 * worker starts. Idempotent: later calls give the same object, and their options must not ask for something else.
 *
 * @throws ConvoyError `CONVOY_NATIVE` when TensorFlow or sharp cannot be loaded, with what to do; `CONVOY_OPTION` for a
 * wrong option, or one that comes too late.
 */
export function loadNative(options: NativeOptions = {}): Promise<Native> {
  if (!isMainThread) return loadNativeInWorker({ tensors: true });
  if (loading === undefined) {
    loading = prepare(options);
    loading.catch(() => (loading = undefined)); // so that a caller may correct its options and try again
    return loading;
  }
  const late = (
    [
      ['intraOpThreads', options.intraOpThreads, 'TF_NUM_INTRAOP_THREADS'],
      ['interOpThreads', options.interOpThreads, 'TF_NUM_INTEROP_THREADS'],
    ] as const
  ).find(([, value, variable]) => value !== undefined && String(value) !== process.env[variable]);
  if (late !== undefined) {
    const [name, value, variable] = late;
    const loaded = process.env[variable] ?? 'its own default';
    return Promise.reject(
      valueError(name, `what TensorFlow was loaded with (${Number(loaded) < 0 ? 'none' : loaded})`, value),
    );
  }
  return loading;
}

/** Whether this process has begun to load TensorFlow: from then on its thread counts stand. */
export function nativeIsLoading(): boolean {
  return loading !== undefined;
}

/**
 * Loads TensorFlow in a worker thread, where the main thread has prepared the process. Idempotent.
 *
 * @param options.tensors whether tensors of tfjs are made: without them tfjs need not be loaded.
 * @throws ConvoyError `CONVOY_NATIVE` when `loadNative` was not awaited before the worker started.
 */
export function loadNativeInWorker({ tensors = false }: { readonly tensors?: boolean } = {}): Promise<Native> {
  if (isMainThread) return loadNative();
  if (getEnvironmentData(readyKey) !== true) {
    return Promise.reject(
      new ConvoyError(
        'CONVOY_NATIVE',
        'Expected TensorFlow to be loaded on the main thread before a worker thread needs it: start convoy on the main thread, or in a process of its own (child_process.fork), not in a Worker',
      ),
    );
  }
  // Once tfjs is there, it serves both.
  if (tensors || loading !== undefined || getEnvironmentData(addonKey) === undefined) {
    loading ??= open().then(({ native }) => native);
    return loading;
  }
  alone ??= open(openAddon).then(({ native }) => native);
  return alone;
}
