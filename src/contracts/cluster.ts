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

/** An array of floats in shared memory, to be added with a coefficient. */
export interface SummedArray {
  /** Byte offset of its first float, a multiple of 64. */
  readonly address: number;
  readonly coefficient: number;
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
  /** This rank's arrays. */
  readonly addends: readonly SummedArray[];
  /** Of each rank, whether it has arrays to add. */
  readonly adding: readonly boolean[];
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
