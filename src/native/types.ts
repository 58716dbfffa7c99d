import type { Tensor } from '../base/tf.js';

/** What the process is set to before TensorFlow loads; each is read once, when its library loads. */
export interface NativeOptions {
  /** Threads inside one op, for the process; default `TF_NUM_INTRAOP_THREADS` or 1: the workers run in parallel. */
  readonly intraOpThreads?: number;
  /**
   * Threads that run ops of one graph side by side, for the whole process; default `TF_NUM_INTEROP_THREADS`, else none:
   * who asks for a graph runs it. Where our library is not there, TensorFlow's: one a core.
   */
  readonly interOpThreads?: number;
  /** Least severity TensorFlow logs: 0 info, 1 warning, 2 error, 3 fatal; default `TF_CPP_MIN_LOG_LEVEL` or 2. */
  readonly logLevel?: number;
}

/** A tensor inside the addon of this thread. Whoever got it releases it. */
export type TensorId = number;

/** Element types by the names of TensorFlow's Python API. */
export type TypeName =
  | 'float32'
  | 'float64'
  | 'int32'
  | 'uint8'
  | 'int16'
  | 'int8'
  | 'string'
  | 'int64'
  | 'bool'
  | 'bfloat16'
  | 'uint16'
  | 'float16'
  | 'resource'
  | 'uint32'
  | 'uint64';

/** One attribute of an op; names and kinds are those of TensorFlow's op registry. */
export type OpAttribute = { readonly name: string } & (
  | { readonly kind: 'type'; readonly value: TypeName }
  | { readonly kind: 'int' | 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'shape' | 'ints'; readonly value: readonly number[] }
);

/** A graph in memory, with a TensorFlow session of its own. */
export interface LoadedGraph {
  /**
   * Runs the graph once. `inputs[i]` is fed under `inputNames[i]`; `outputNames` are fetched. Names are those of nodes,
   * `node` or `node:0`; given as one string they are joined by commas (cheaper for a call repeated every step).
   *
   * @returns ids of the fetched tensors, in order; the caller releases them.
   * @throws ConvoyError `CONVOY_MODEL` with TensorFlow's message.
   */
  run(
    inputs: readonly TensorId[],
    inputNames: readonly string[] | string,
    outputNames: readonly string[] | string,
  ): TensorId[];
  /** Frees the session. Idempotent. */
  dispose(): void;
}

/** convoy's ops, beside TensorFlow's (src/native/kernels). */
export interface Kernels {
  /**
   * Names of the ops that are worth using, and `bfloat16` where their sums of bfloat16 outdo TensorFlow's; none where the
   * library is not there or the processor lacks what it needs.
   */
  readonly ops: readonly string[];
  /** The instruction set that they use: scalar, avx2, avx512 or avx512bf16; empty where there are no ops. */
  readonly instructions: string;
  /** All sets that this machine could use, the quickest last; none where the library is not there. */
  readonly sets: readonly string[];
  /** Why there are no kernels, where that is not by choice. */
  readonly problem?: string;
  /**
   * Has the calling thread take subnormal numbers as zero, or not; returns what held before. Not there where the library
   * is not.
   */
  readonly flushSubnormals?: (flush: boolean) => boolean;
  /**
   * Tells oneDNN how large the caches are where it takes them to be empty (see `kernels/onednn-caches.h`), once it has described
   * the processor, which it does at its first operation; returns how many of its records were corrected, -1 where an AMD
   * processor describes its caches itself or is too old to. Not there where the library is not.
   */
  readonly correctCaches?: () => number;
}

/** TensorFlow as this thread sees it. */
export interface Native {
  readonly tensorflowVersion: string;
  readonly kernels: Kernels;
  /**
   * A tensor over the memory of `view`. Nothing is copied when it starts at a 64-byte boundary: the tensor then always
   * shows what `view` holds, and keeps it alive until released. TensorFlow silently copies other memory.
   *
   * @throws ConvoyError `CONVOY_NATIVE` when `shape` does not have `view.length` elements.
   */
  wrap(view: Float32Array | Int32Array | Uint8Array, shape: readonly number[]): TensorId;
  /** A scalar of type string, as ops that decode files take it: a copy of `bytes`. */
  scalarOf(bytes: Uint8Array): TensorId;
  /** Frees a tensor. An id is released once. */
  release(id: TensorId): void;
  /** A copy of a tensor's elements; bfloat16, float16 and float64 as float32, other integers as int32. */
  read(id: TensorId): Float32Array | Int32Array | Uint8Array;
  /** The shape of a tensor that this object made. */
  shapeOf(id: TensorId): readonly number[];
  /**
   * Runs one op at once.
   *
   * @returns ids of its outputs; the caller releases them.
   * @throws ConvoyError `CONVOY_NATIVE` with TensorFlow's message, or for an attribute name unknown to
   * `attributes.ts` (it would not be safe beside other threads).
   */
  execute(op: string, attributes: readonly OpAttribute[], inputs: readonly TensorId[], outputs: number): TensorId[];
  /**
   * A tfjs tensor over an id that this object made. The tensor owns it from now on: dispose it, do not release the id.
   *
   * @throws ConvoyError `CONVOY_NATIVE` when tfjs has no such element type (it has float32, int32 and bool).
   */
  toTensor(id: TensorId): Tensor;
  /** The id under a tfjs tensor, which goes on owning it. */
  idOf(tensor: Tensor): TensorId;
  /**
   * Loads `folder/saved_model.pb`, tag `serve`, signature `serving_default`.
   *
   * @throws ConvoyError `CONVOY_MODEL` with TensorFlow's message when the file is missing or not a valid graph.
   */
  loadGraph(folder: string): Promise<LoadedGraph>;
  /** Tensors alive in this thread's addon, those under tfjs tensors included; for leak checks. */
  tensorCount(): number;
}
