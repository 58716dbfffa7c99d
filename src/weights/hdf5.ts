/**
 * HDF5 files through h5wasm, inside the memory of its WebAssembly module: such a file can name other files (external
 * links, virtual datasets), and from there it reaches none of this machine's. The library may loop for ever over a damaged
 * file, so all of this runs in a thread that can be ended (see `keras-hdf5.ts`).
 */
import type { Dataset, Group } from 'h5wasm';
import { ConvoyError } from '../base/errors.js';
import { elementTypes } from './element-types.js';
import { weightsError } from './errors.js';
import { elementCount, maximumTensorBytes } from './tensors.js';

/** What HDF5 itself says of a failure goes to this file of the module's memory instead of the terminal. */
const diagnostics = '/diagnostics';
/** Groups can hold each other in circles; Keras nests a few deep and has a few thousand weights. */
const maximumDepth = 64;
const maximumObjects = 200_000;
/** Most bytes copied out of the module at once: its memory, which never shrinks, stays small, and each step is short. */
const slabBytes = 2 ** 23;
/** The most that deflate, the filter HDF5 files use, can shrink data (zlib's technical details: 1032 to 1). */
const deflateRatio = 1032;

/** A group of an open HDF5 file. */
export interface Hdf5Group {
  readonly kind: 'group';
  readonly path: string;
  /** Names inside, in the order of the alphabet. */
  readonly names: readonly string[];
  /** A group or dataset below; `name` may be a path. */
  child(name: string): Hdf5Group | Hdf5Dataset;
  /** A text attribute, a list for a list of texts; undefined if there is none of that name. */
  text(attribute: string): string | readonly string[] | undefined;
}

/** A dataset of an open HDF5 file. */
interface Hdf5Dataset {
  readonly kind: 'dataset';
  readonly path: string;
  readonly shape: readonly number[];
  /** Numbers of any HDF5 integer or floating type as float32. */
  read(): Float32Array<ArrayBuffer>;
}

let opened = 0;

/**
 * Opens an HDF5 file held in `bytes` for the time of `use`.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` when it is not HDF5, is truncated or damaged anywhere `use` looks.
 * @param onProgress called between calls of the library, each of which does a bounded piece of work.
 */
export async function withHdf5<T>(
  file: string,
  bytes: Uint8Array,
  use: (root: Hdf5Group) => T,
  onProgress: () => void,
): Promise<T> {
  const { hdf5, fileSystem } = await loadLibrary();
  onProgress();
  const path = `/file-${opened++}.h5`;
  const owned = { flags: 'w', canOwn: true }; // no copy: the module's memory file is these bytes
  fileSystem.writeFile(path, bytes, owned);
  fileSystem.writeFile(diagnostics, '');
  try {
    const source = new hdf5.File(path, 'r');
    try {
      failOnDiagnostics();
      const result = use(new Reader(file, bytes.length, failOnDiagnostics).group(source, '', 0));
      failOnDiagnostics();
      return result;
    } finally {
      source.close();
    }
  } catch (error) {
    failOnDiagnostics();
    if (error instanceof ConvoyError) throw error;
    throw weightsError(
      file,
      'HDF5',
      'an intact HDF5 file',
      error instanceof Error ? error.message : String(error),
      error,
    );
  } finally {
    fileSystem.unlink(path);
  }

  /** HDF5 often goes on after an error with less data than there was, so any word of it is a failure. */
  function failOnDiagnostics(): void {
    onProgress();
    const [first] = fileSystem.readFile(diagnostics, { encoding: 'utf8' }).split('HDF5-DIAG').slice(1);
    if (first === undefined) return;
    const reasons = [...first.matchAll(/\(\): (.+)$/gm)].map((match) => match[1]);
    throw weightsError(file, 'HDF5', 'an intact HDF5 file', reasons.at(-1) ?? 'damage');
  }
}

let library: ReturnType<typeof importLibrary> | undefined;

function loadLibrary(): ReturnType<typeof importLibrary> {
  library ??= importLibrary();
  return library;
}

/** Loads h5wasm, 4 MB, only when an HDF5 file is met. */
async function importLibrary() {
  const { default: hdf5 } = await import('h5wasm');
  const { FS: fileSystem } = await hdf5.ready;
  // Descriptor 2, standard error, becomes the diagnostics file: the lowest free descriptor is given out first.
  const streams: unknown = Reflect.get(fileSystem, 'streams');
  const standardError: unknown = Array.isArray(streams) ? streams[2] : undefined;
  if (standardError) fileSystem.close(standardError);
  // Without it damage would go unseen, so a build of h5wasm that does not play along is refused.
  const descriptor: unknown = Reflect.get(fileSystem.open(diagnostics, 'a'), 'fd');
  if (descriptor !== 2) throw new TypeError(`h5wasm's standard error is not descriptor 2 but ${String(descriptor)}`);
  return { hdf5, fileSystem };
}

class Reader {
  #objects = 0;
  #tensorBytes = 0;

  constructor(
    readonly file: string,
    readonly fileBytes: number,
    readonly check: () => void,
  ) {}

  group(source: Group, path: string, depth: number): Hdf5Group {
    this.#objects++;
    if (depth > maximumDepth || this.#objects > maximumObjects) {
      const limit = `at most ${maximumObjects} objects, nested at most ${maximumDepth} deep`;
      throw weightsError(this.file, path, limit, 'more (groups may hold each other)');
    }
    const names = source.keys();
    this.check();
    return {
      kind: 'group',
      path,
      names,
      child: (name) => {
        const below = path === '' ? name : `${path}/${name}`;
        const entity = source.get(name);
        this.check();
        if (entity !== null && 'create_dataset' in entity) return this.group(entity, below, depth + 1);
        if (entity !== null && 'slice' in entity) return this.dataset(entity, below);
        throw weightsError(
          this.file,
          below,
          'a group or dataset',
          entity === null ? 'nothing' : `a ${entity.constructor.name}`,
        );
      },
      text: (attribute) => this.text(source, path, attribute),
    };
  }

  text(source: Group, path: string, name: string): string | readonly string[] | undefined {
    const attribute = source.attrs[name];
    this.check();
    if (attribute === undefined) return undefined;
    const { value } = attribute;
    this.check();
    if (typeof value === 'string') return unicode(value);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.map(unicode);
    // An empty list of texts is stored as an empty list of numbers.
    if (attribute.shape?.length === 1 && attribute.shape[0] === 0) return [];
    throw weightsError(this.file, `${path}@${name}`, 'text', typeof value);
  }

  dataset(source: Dataset, path: string): Hdf5Dataset {
    this.#objects++;
    const { shape, size, type } = source.metadata;
    this.check();
    const count = elementCount(shape);
    if (shape === null || count === undefined) throw weightsError(this.file, path, 'a shape', JSON.stringify(shape));
    const isInteger = type === 0; // H5T_INTEGER
    const isFloat = type === 1 && size >= 4; // H5T_FLOAT, which h5wasm reads from 32 bits on
    // Of 16 bits h5wasm gives the bytes, told that they are opaque (H5T_OPAQUE), as which Keras writes bfloat16.
    const half = size !== 2 ? undefined : type === 1 ? 'F16' : type === 5 ? 'BF16' : undefined;
    if (half !== undefined) Object.defineProperty(source, 'metadata', { value: { ...source.metadata, type: 5 } });
    if (!isInteger && !isFloat && half === undefined) {
      throw weightsError(
        this.file,
        path,
        'integers or floats of 16, 32 or 64 bits',
        `HDF5 type class ${type} of ${size} bytes`,
      );
    }
    return { kind: 'dataset', path, shape, read: () => this.read(source, path, shape, count, size, half) };
  }

  read(
    source: Dataset,
    path: string,
    shape: number[],
    count: number,
    size: number,
    half: 'F16' | 'BF16' | undefined,
  ): Float32Array<ArrayBuffer> {
    const limit = this.fileBytes * (source.filters.length > 0 ? deflateRatio : 1);
    if (count * size > limit) {
      throw weightsError(this.file, path, `at most ${limit} bytes, which the file can hold`, `${count * size}`);
    }
    this.#tensorBytes += count * 4;
    if (this.#tensorBytes > maximumTensorBytes) {
      throw weightsError(this.file, path, `at most ${maximumTensorBytes} bytes of tensors`, `${this.#tensorBytes}`);
    }
    const values = new Float32Array(count);
    const rows = shape[0] ?? 1;
    const rowLength = rows === 0 ? 0 : count / rows;
    const step = Math.max(1, Math.floor(slabBytes / Math.max(1, rowLength * size)));
    for (let row = 0; row < rows; row += step) {
      const end = Math.min(rows, row + step);
      const slab =
        shape.length === 0 ? source.value : source.slice(shape.map((_, axis) => (axis === 0 ? [row, end] : [])));
      this.check();
      if (half === undefined) copyNumbers(slab, values, row * rowLength);
      else copyHalves(slab, values, row * rowLength, half);
    }
    return values;
  }
}

function copyHalves(slab: unknown, values: Float32Array, at: number, half: 'F16' | 'BF16'): void {
  if (!(slab instanceof Uint8Array)) throw new TypeError(`h5wasm gave ${typeof slab} for bytes`);
  const decoded = elementTypes
    .get(half)
    ?.decode(new DataView(slab.buffer, slab.byteOffset, slab.length), slab.length / 2);
  if (decoded !== undefined) values.set(decoded, at);
}

function copyNumbers(slab: unknown, values: Float32Array, at: number): void {
  if (typeof slab === 'number' || typeof slab === 'bigint') values[at] = Number(slab);
  else if (slab instanceof BigInt64Array || slab instanceof BigUint64Array) values.set(Array.from(slab, Number), at);
  else if (ArrayBuffer.isView(slab) && !(slab instanceof DataView)) values.set(slab as Float32Array, at);
  else throw new TypeError(`h5wasm gave ${typeof slab} for numbers`);
}

/** h5py writes UTF-8 as bytes without a character set, which h5wasm takes for Latin-1. */
function unicode(text: string): string {
  if (/[\u0100-\uffff]/.test(text) || !/[\x80-\xff]/.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}
