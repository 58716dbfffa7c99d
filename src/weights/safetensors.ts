/**
 * The safetensors format: 8 bytes little-endian header length, a JSON header that maps names to dtype, shape and byte
 * range, then the bytes. Follows https://github.com/huggingface/safetensors (the "Format" section of its readme): no
 * holes, no overlaps, header at most 100 MB.
 */
import { writeFileAtomic } from '../base/atomic-file.js';
import { isObject } from '../layers/index.js';
import { type ElementType, elementTypes } from './element-types.js';
import { parseJsonObject, weightsError } from './errors.js';
import { type OpenFile, withFile } from './open-file.js';
import { elementCount, maximumTensorBytes, type NamedTensor } from './tensors.js';

/** The reference reader's own limit. */
const maximumHeaderBytes = 100_000_000;

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly count: number;
  readonly begin: number;
  readonly end: number;
}

/** What a safetensors file holds. */
interface SafetensorsFile {
  /** In order of their bytes in the file, those that share the bytes of another behind them. */
  readonly tensors: readonly NamedTensor[];
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file; every type becomes float32 (64-bit integers and doubles lose what float32 cannot hold).
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` naming file and place when the file is truncated, its header is not JSON of the
 *   format, a byte range lies outside the file, overlaps another or does not fit dtype and shape.
 */
export async function readSafetensors(file: string): Promise<SafetensorsFile> {
  return withFile(file, async (opened) => {
    const { header, dataStart } = await readHeader(opened);
    const { __metadata__: metadata, ...rest } = header;
    const entries = Object.entries(rest).map(([name, value]) => parseEntry(file, name, value));
    entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
    checkRanges(file, entries, opened.size - dataStart);
    const tensors: NamedTensor[] = [];
    for (const { name, type, shape, count, begin, end } of entries) {
      const bytes = await opened.read(name, dataStart + begin, end - begin);
      tensors.push({
        name,
        shape,
        data: type.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), count),
      });
    }
    const notes = textMetadata(metadata);
    return { tensors: [...tensors, ...tiedTensors(tensors, notes)], metadata: notes };
  });
}

async function readHeader(opened: OpenFile): Promise<{ header: Record<string, unknown>; dataStart: number }> {
  const { file, size } = opened;
  const declared = (await opened.read('header length', 0, 8)).readBigUInt64LE();
  const limit = Math.min(maximumHeaderBytes, size - 8);
  if (declared > BigInt(limit)) throw weightsError(file, 'header length', `at most ${limit} bytes`, `${declared}`);
  const text = await opened.read('header', 8, Number(declared));
  return { header: parseJsonObject(file, 'header', text.toString('utf8')), dataStart: 8 + text.length };
}

function parseEntry(file: string, name: string, value: unknown): Entry {
  const place = `tensor ${JSON.stringify(name)}`;
  if (!isObject(value)) throw weightsError(file, place, 'an object', JSON.stringify(value));
  const { dtype, shape, data_offsets: offsets } = value;
  const type = typeof dtype === 'string' ? elementTypes.get(dtype) : undefined;
  if (type === undefined) {
    throw weightsError(file, place, `a dtype of ${[...elementTypes.keys()].join(', ')}`, JSON.stringify(dtype));
  }
  const count = elementCount(shape);
  if (count === undefined) throw weightsError(file, place, 'a shape of sizes from 0', JSON.stringify(shape));
  const [begin, end, ...more] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
  if (!isOffset(begin) || !isOffset(end) || end < begin || more.length > 0) {
    throw weightsError(file, place, 'data_offsets [begin, end]', JSON.stringify(offsets));
  }
  if (end - begin !== count * type.bytes) {
    throw weightsError(
      file,
      place,
      `${count * type.bytes} bytes for ${String(dtype)} ${JSON.stringify(shape)}`,
      `${end - begin}`,
    );
  }
  return { name, type, shape: shape as number[], count, begin, end };
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function checkRanges(file: string, entries: readonly Entry[], available: number): void {
  let at = 0;
  let bytes = 0;
  for (const { name, begin, end, count } of entries) {
    const place = `tensor ${JSON.stringify(name)}`;
    if (end > available)
      throw weightsError(file, place, `bytes inside the ${available} of the file`, `[${begin}, ${end}]`);
    if (begin < at) throw weightsError(file, place, `bytes from ${at} on`, `an overlap: [${begin}, ${end}]`);
    if (begin > at) throw weightsError(file, place, `bytes from ${at} on`, `a hole: [${begin}, ${end}]`);
    at = end;
    bytes += count * 4;
  }
  if (at !== available) throw weightsError(file, 'end of file', `${at} bytes of tensors`, `${available}`);
  if (bytes > maximumTensorBytes) {
    throw weightsError(file, 'tensors', `at most ${maximumTensorBytes} bytes as float32`, `${bytes}`);
  }
}

/** Tensors that `safetensors.torch.save_model` leaves out, as they are others': its metadata name the other of each. */
function tiedTensors(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): NamedTensor[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return Object.entries(metadata).flatMap(([name, other]) => {
    const twin = byName.get(other);
    return twin === undefined || byName.has(name) ? [] : [{ ...twin, name }];
  });
}

function textMetadata(metadata: unknown): Record<string, string> {
  if (!isObject(metadata)) return {};
  return Object.fromEntries(
    Object.entries(metadata).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/**
 * Writes tensors as a float32 safetensors file, in the order given. The file appears whole or not at all.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` when two tensors share a name or a shape does not fit its data; `CONVOY_DISK`
 *   when it cannot be written.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly Pick<NamedTensor, 'name' | 'shape' | 'data'>[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const header = new Map<string, unknown>([['__metadata__', metadata]]);
  let at = 0;
  for (const { name, shape, data } of tensors) {
    const place = `tensor ${JSON.stringify(name)}`;
    if (header.has(name)) throw weightsError(file, place, 'a name of its own', 'a second one of that name');
    if (elementCount(shape) !== data.length) {
      throw weightsError(
        file,
        place,
        `${elementCount(shape)} values for its shape ${JSON.stringify(shape)}`,
        `${data.length}`,
      );
    }
    header.set(name, { dtype: 'F32', shape, data_offsets: [at, at + data.length * 4] });
    at += data.length * 4;
  }
  const json = JSON.stringify(Object.fromEntries(header));
  // Spaces at the end of the header align the data, as the reference writer does.
  const text = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  const bytes = tensors.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  await writeFileAtomic(file, [prefix, text, ...bytes]);
}
