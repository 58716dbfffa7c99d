/**
 * Memory to work in, kept for the next mosaic: fresh pages cost more than clearing used ones, and unlike the shared
 * windows it is copied within at full speed.
 */
const kept: Uint8Array<ArrayBuffer>[] = [];
/** As many as mosaics are under way in a thread, and one for plain moves. */
const mostKept = 3;

/** Calls `work` with at least `bytes` bytes of any content, which are its own until it is done. */
export async function withWorkspace<Result>(
  bytes: number,
  work: (memory: Uint8Array<ArrayBuffer>) => Promise<Result>,
): Promise<Result> {
  const found = kept.findIndex((memory) => memory.length >= bytes);
  const [memory] = found >= 0 ? kept.splice(found, 1) : [new Uint8Array(bytes)];
  if (memory === undefined) throw new RangeError('no workspace');
  try {
    return await work(memory);
  } finally {
    // The largest ones serve the most.
    kept.push(memory);
    kept.sort((a, b) => a.length - b.length);
    if (kept.length > mostKept) kept.shift();
  }
}
