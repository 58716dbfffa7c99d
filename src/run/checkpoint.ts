import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CheckpointMessage, decodeCheckpoint, encodeCheckpoint } from '../../proto/convoy.js';
import { writeFileAtomic } from '../base/atomic-file.js';
import { type ConvoyError, fileError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import { elements, trainablePlaces } from '../memory/index.js';
import { modelParameters } from '../models/index.js';
import { averagedState } from './averaged-weights.js';

/** First bytes of every checkpoint file. */
const magic = Buffer.from('CONVOYCK');
const version = 1;
const headerBytes = 8 + 4 + 8 + 32;

/**
 * Writes a checkpoint: magic, version, payload length, SHA-256 of the payload, payload (protobuf). Atomic.
 *
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeCheckpoint(path: string, message: CheckpointMessage): Promise<void> {
  const payload = encodeCheckpoint(message);
  const header = Buffer.alloc(headerBytes);
  magic.copy(header, 0);
  header.writeUInt32LE(version, 8);
  header.writeBigUInt64LE(BigInt(payload.byteLength), 12);
  createHash('sha256').update(payload).digest().copy(header, 20);
  await writeFileAtomic(path, [header, payload]);
}

/**
 * Reads and checks a checkpoint.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` naming file and place when it is missing, cut short, changed or of another
 * version.
 */
export async function readCheckpoint(path: string): Promise<CheckpointMessage> {
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw fileError('CONVOY_CHECKPOINT', path, '', 'a checkpoint', found, error);
  }
  const fail = (place: string, expected: string, found: string, cause?: unknown): ConvoyError =>
    fileError('CONVOY_CHECKPOINT', path, place, expected, found, cause);
  if (file.length < headerBytes) throw fail('header', `${headerBytes} bytes`, `a file of ${file.length}`);
  if (!file.subarray(0, 8).equals(magic)) throw fail('byte 0', 'a convoy checkpoint', 'another kind of file');
  const found = file.readUInt32LE(8);
  if (found !== version) throw fail('byte 8', `checkpoint version ${version}`, `version ${found}`);
  const length = Number(file.readBigUInt64LE(12));
  const payload = file.subarray(headerBytes);
  if (payload.length !== length) {
    const why = payload.length < length ? 'the file was cut short' : 'there is more behind it';
    throw fail('payload', `${length} bytes`, `${payload.length} (${why})`);
  }
  if (!createHash('sha256').update(payload).digest().equals(file.subarray(20, headerBytes))) {
    throw fail('payload', 'the SHA-256 in the header', 'another one (the file was changed after it was written)');
  }
  try {
    return decodeCheckpoint(payload);
  } catch (error) {
    throw fail('payload', 'a Checkpoint message', (error as Error).message, error);
  }
}

/**
 * The weights a checkpoint would be evaluated with, in the order of `modelParameters`: averaged ones where it has them.
 *
 * @param file for messages.
 * @throws ConvoyError `CONVOY_CHECKPOINT` when it is of another model.
 */
export function checkpointWeights(message: CheckpointMessage, model: LayersModel, file: string): Float32Array[] {
  const specs = modelParameters(model).map(({ spec }) => spec);
  const tensors = new Map(message.weights.map(({ name, data }) => [name, data]));
  const average = message.optimizer.find(({ name }) => name === averagedState)?.data;
  const places = new Map(trainablePlaces(specs).map((place) => [place.name, place]));
  return specs.map(({ name, shape }) => {
    const length = elements(shape);
    const place = average && places.get(name);
    const data = place ? average.subarray(place.offset * 4, (place.offset + length) * 4) : tensors.get(name);
    if (data?.byteLength !== length * 4) {
      throw fileError('CONVOY_CHECKPOINT', file, name, `${length * 4} bytes of weights`, `${data?.byteLength ?? 0}`);
    }
    return new Float32Array(Uint8Array.from(data).buffer); // a Buffer's own slice is no copy, nor aligned
  });
}

/**
 * A copy that does not change with the arena.
 *
 * @param states of the optimizer that are copied too; none by default.
 */
export function detached(message: CheckpointMessage, states: readonly string[] = []): CheckpointMessage {
  const copy = (tensor: CheckpointMessage['weights'][number]) => ({ ...tensor, data: Uint8Array.from(tensor.data) });
  return {
    ...message,
    weights: message.weights.map(copy),
    optimizer: message.optimizer.filter(({ name }) => states.includes(name)).map(copy),
  };
}
