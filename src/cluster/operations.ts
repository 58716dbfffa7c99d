import type { GatheredMemory } from '../contracts/index.js';
import type { Mpi, MpiRequest } from './mpi.js';

/** What a look at an operation found. */
export type Progress = 'done' | 'moved' | 'waiting';

/** Something that ranks do together, looked at again and again until it is done. */
export interface Operation {
  /** Bytes that this rank sends for it, so far. */
  readonly sentBytes: number;
  advance(): Progress;
}

/** Requests that MPI completes by itself. */
class Requests implements Operation {
  #open: MpiRequest[];

  constructor(
    private readonly mpi: Mpi,
    requests: readonly MpiRequest[],
    readonly sentBytes = 0,
  ) {
    this.#open = [...requests];
  }

  advance(): Progress {
    this.#open = this.#open.filter((request) => !this.mpi.test(request));
    return this.#open.length === 0 ? 'done' : 'waiting';
  }
}

export function gathering(mpi: Mpi, memories: readonly GatheredMemory[]): Operation {
  const rank = mpi.rank();
  const own = memories.reduce((sum, { ends }) => sum + (ends[rank + 1] ?? 0) - (ends[rank] ?? 0), 0);
  const requests = memories.map(({ bytes, ends }) => mpi.iallgatherv(bytes, Float64Array.from(ends)));
  return new Requests(mpi, requests, own * (mpi.size() - 1));
}

/** Bytes that MPI takes at once: it counts in 32 bits. */
const largestPiece = 2 ** 30;

/** Rank 0's bytes to all. */
export function broadcasting(mpi: Mpi, bytes: Uint8Array): Operation {
  const pieces = Array.from({ length: Math.ceil(bytes.length / largestPiece) }, (_, index) => index * largestPiece);
  return new Requests(
    mpi,
    pieces.map((offset) => mpi.ibcast(bytes, offset, Math.min(largestPiece, bytes.length - offset), 0)),
  );
}

export function waitingForAll(mpi: Mpi): Operation {
  return new Requests(mpi, [mpi.ibarrier()]);
}
