import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** A named float32 tensor of a checkpoint. */
export interface CheckpointTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** convoy.Checkpoint of `convoy.proto`. */
export interface CheckpointMessage {
  readonly config: string;
  readonly fingerprint: string;
  readonly epoch: number;
  readonly position: number;
  readonly step: number;
  readonly weights: readonly CheckpointTensor[];
  readonly optimizer: readonly CheckpointTensor[];
  readonly state: string;
  /** Empty in checkpoints of older versions, as the two below. */
  readonly architecture?: string;
  readonly testFingerprint?: string;
  readonly validationFingerprint?: string;
}

// Compiled files lie in dist/proto, the .proto files in proto beside dist.
const source = new URL('../../proto/convoy.proto', import.meta.url);
const checkpointType = protobuf.parse(readFileSync(source, 'utf8')).root.lookupType('convoy.Checkpoint');

/** Encodes a checkpoint; tensors are copied once, into the result. */
export function encodeCheckpoint(message: CheckpointMessage): Uint8Array {
  return checkpointType.encode(checkpointType.fromObject(message)).finish();
}

/**
 * Decodes a checkpoint.
 *
 * @throws RangeError or Error of protobufjs when the bytes are not such a message.
 */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointMessage {
  return checkpointType.toObject(checkpointType.decode(bytes), {
    longs: Number,
    defaults: true,
    arrays: true,
  }) as CheckpointMessage;
}
