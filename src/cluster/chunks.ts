import type { FloatRange } from '../contracts/index.js';

/**
 * Floats of a chunk: 62 KiB, less than the 64 KiB up to which Open MPI sends without asking the receiver first, which would
 * stop the flow.
 */
export const chunkFloats = (62 * 1024) / 4;

/** Floats that are sent at once. */
export interface Chunk {
  /** From the start of the arrays. */
  readonly begin: number;
  readonly floats: number;
}

export function cutChunks(ranges: readonly FloatRange[]): Chunk[] {
  return ranges.flatMap(({ begin, end }) =>
    Array.from({ length: Math.ceil((end - begin) / chunkFloats) }, (_, index) => {
      const at = begin + index * chunkFloats;
      return { begin: at, floats: Math.min(chunkFloats, end - at) };
    }),
  );
}
