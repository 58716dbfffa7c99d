import type { Mpi, MpiRequest } from './mpi.js';

const tag = 3;
/** Signs of life in the time after which a rank is given up. */
const signsPerTimeout = 10;
/** Milliseconds between two signs, at most. */
const longestPause = 1000;

/** Milliseconds by which the second neighbour of a lost rank waits longer: mpirun may leave a stopped rank when two abort. */
const secondWaits = 5000;

interface Neighbour {
  readonly rank: number;
  /** Milliseconds of silence after which it is given up. */
  readonly timeout: number;
  readonly incoming: MpiRequest;
  outgoing: MpiRequest | undefined;
  /** When it was heard of last, and asked for more. */
  heard: number;
  listening: MpiRequest;
}

/**
 * Sends signs of life to the two neighbouring ranks, and watches theirs: Open MPI itself does not notice a rank that was
 * stopped, or a cable that was pulled, before minutes have gone.
 */
export class PeerWatch {
  readonly #mpi: Mpi;
  readonly #timeout: number;
  readonly #pause: number;
  readonly #neighbours: Neighbour[];
  readonly #sign = new Uint8Array(new SharedArrayBuffer(1));
  readonly #received = new Uint8Array(new SharedArrayBuffer(2));
  #sentAt = Number.NEGATIVE_INFINITY;
  #lookedAt: number;

  /** @param timeout milliseconds. */
  constructor(mpi: Mpi, timeout: number, now: number) {
    this.#mpi = mpi;
    this.#timeout = timeout;
    this.#pause = Math.min(longestPause, timeout / signsPerTimeout);
    this.#lookedAt = now;
    const [rank, size] = [mpi.rank(), mpi.size()];
    const ranks = [...new Set([(rank + 1) % size, (rank + size - 1) % size])].filter((other) => other !== rank);
    this.#neighbours = ranks.map((other, index) => {
      const listening = this.#listen(other, index);
      const own = timeout + index * secondWaits;
      return { rank: other, timeout: own, incoming: index, outgoing: undefined, heard: now, listening };
    });
  }

  /** The neighbour that has been silent for too long. */
  look(now: number): number | undefined {
    // A process that was stopped itself knows nothing of others in that time.
    const slept = now - this.#lookedAt > this.#timeout / 2;
    this.#lookedAt = now;
    const due = now - this.#sentAt >= this.#pause;
    if (due) this.#sentAt = now;
    let lost: number | undefined;
    for (const neighbour of this.#neighbours) {
      if (slept) neighbour.heard = now;
      while (this.#mpi.test(neighbour.listening)) {
        neighbour.heard = now;
        neighbour.listening = this.#listen(neighbour.rank, neighbour.incoming);
      }
      if (neighbour.outgoing !== undefined && this.#mpi.test(neighbour.outgoing)) neighbour.outgoing = undefined;
      if (due) neighbour.outgoing ??= this.#mpi.isend(this.#sign, 0, 1, neighbour.rank, tag);
      if (now - neighbour.heard > neighbour.timeout) lost ??= neighbour.rank;
    }
    return lost;
  }

  /** Before MPI ends. */
  end(): void {
    for (const { listening } of this.#neighbours) this.#mpi.cancel(listening);
    this.#neighbours.length = 0;
  }

  #listen(rank: number, place: number): MpiRequest {
    return this.#mpi.irecv(this.#received, place, 1, rank, tag);
  }
}
