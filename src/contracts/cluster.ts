/** What a training needs of the processes on other machines that it shares a batch with. */

/** One of these processes. */
export interface ClusterMember {
  readonly host: string;
  /** That it may use, divided among the processes of its machine. */
  readonly cores: number;
}

/** Memory of which each rank has written a part. */
export interface GatheredMemory {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Byte at which each rank's part begins, and the end of the last: `size + 1` numbers. */
  readonly ends: readonly number[];
}

/** A range of floats. */
export interface FloatRange {
  readonly begin: number;
  readonly end: number;
}

/** A sum of arrays that lie on several ranks, in the order of ranks and, on each, as they are given. */
export interface ClusterSum {
  readonly memory: WebAssembly.Memory;
  /** Byte offset of the array that the sum replaces on every rank. */
  readonly destination: number;
  /** What of the arrays is summed, in floats; multiples of 16. */
  readonly ranges: readonly FloatRange[];
  /** Coefficient of what the destination holds, which is added first; the same on every rank. 0: it is not read. */
  readonly carry: number;
  /** Byte offsets of this rank's arrays, multiples of 64. */
  readonly addresses: readonly number[];
  /** Of each rank, the coefficients of its arrays: numbers that are not 0. */
  readonly coefficients: readonly (readonly number[])[];
  /**
   * Byte offset of room for a slice of each array of other ranks (`sliceFloats`): ranks exchange slices there. Without it
   * sums go along the ranks as a chain, to the same bits.
   */
  readonly staging?: number | undefined;
}

/** The wires between ranks, as they were measured at the start; the same numbers on all ranks. */
export interface ClusterNetwork {
  /** Bytes a second that a rank sends, and receives at the same time. */
  readonly bandwidth: number;
  /** Seconds of a small message, there and taken. */
  readonly latency: number;
}

/** Floats of a slice of arrays of `length` floats, a multiple of 16. */
export function sliceFloats(length: number, ranks: number): number {
  return Math.ceil(length / ranks / 16) * 16;
}

/** Floats of `ClusterSum.staging` for arrays of at most `length` floats, `arrays` of them on all ranks. */
export function slicedStaging(length: number, ranks: number, arrays: number): number {
  return sliceFloats(length, ranks) * arrays;
}

/**
 * All processes of a training, one a machine or more. Each calls the same methods in the same order; a method's promise
 * resolves once all have called it and this rank has the result.
 */
export interface Cluster {
  /** This process, from 0. */
  readonly rank: number;
  readonly size: number;
  /** By rank. */
  readonly members: readonly ClusterMember[];
  readonly network: ClusterNetwork;
  /** Bytes that this rank has sent to others for `gather` and `sum`. */
  readonly sentBytes: number;
  /** Gives every rank what each has written. */
  gather(memories: readonly GatheredMemory[]): Promise<void>;
  /** A sum that every rank gets: left to right, each addition rounded to float32. */
  sum(sum: ClusterSum): Promise<void>;
  /** A value of every rank, by rank; JSON. */
  exchange<Value>(value: Value): Promise<Value[]>;
  /** The bytes of rank 0, whatever others give. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;
}
