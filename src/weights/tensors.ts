/** One weight tensor of a file, as float32 whatever the file held. */
export interface NamedTensor {
  /** As the file names it, for example `conv1/kernel` (Keras) or `layer1.0.conv1.weight` (PyTorch). */
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major, `shape`'s product of elements. */
  readonly data: Float32Array;
  /** Keras HDF5 files: path of the layer that owns it. */
  readonly layer?: string;
  /** Keras HDF5 files: its place among the layer's weights. */
  readonly index?: number;
  /** Keras 3 weights files: the layer's key in the file, its class and a counter, for example `conv2d_1`. */
  readonly key?: string;
}

/** Formats `readWeightsFile` tells apart by content, never by file name. */
type WeightsFormat = 'safetensors' | 'pytorch' | 'keras-h5' | 'keras-weights-h5' | 'keras-archive' | 'tfjs';

/** Everything a weights file says. */
export interface WeightsFile {
  /** Path it was read from, for messages. */
  readonly file: string;
  readonly format: WeightsFormat;
  /** In the file's own order. */
  readonly tensors: readonly NamedTensor[];
  /** What of the file is not read, in words. */
  readonly notes?: readonly string[];
  /** The model's architecture (parsed JSON) if the file holds one. */
  readonly config?: unknown;
}

/**
 * Tensors of one file together may not pass this. VGG-19, the largest network of the catalog, takes 575 MB; past 4 GiB
 * the arena could not hold the model either.
 */
export const maximumTensorBytes = 2 ** 32;

/** The number of elements of a shape, or undefined if the shape is not a list of sizes from 0 to 2^53. */
export function elementCount(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  let count = 1;
  for (const size of shape as unknown[]) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
  }
  return Number.isSafeInteger(count) ? count : undefined;
}
