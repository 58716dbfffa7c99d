import { RandomStream } from '../../src/base/random.js';
import type { Mpi } from '../../src/cluster/mpi.js';

interface Open {
  readonly done: () => boolean;
}

/** Ranks in one thread: messages arrive in the order of MPI, each after a number of looks that is drawn. */
export class FakeNetwork {
  readonly #messages = new Map<string, Uint8Array[]>();
  readonly #random: RandomStream;
  /** Bytes sent, by rank. */
  readonly sent: number[];

  constructor(
    private readonly size: number,
    seed: number,
  ) {
    this.#random = new RandomStream(seed, 'test', size);
    this.sent = new Array<number>(size).fill(0);
  }

  /** The sends and receives of a rank. */
  rank(rank: number): Mpi {
    const requests = new Map<number, Open>();
    const receives = new Map<string, number[]>();
    let next = 0;
    const open = (done: () => boolean): number => {
      requests.set(next, { done });
      return next++;
    };
    const late = (): boolean => this.#random.below(3) > 0;
    const unused = (): never => {
      throw new TypeError('not used here');
    };
    return {
      rank: () => rank,
      size: () => this.size,
      isend: (view, offset, length, peer, tag) => {
        if (length > 64 * 1024) throw new RangeError(`${length} bytes at once`);
        const key = `${rank}>${peer}:${tag}`;
        const queue = this.#messages.get(key) ?? [];
        this.#messages.set(key, queue);
        this.sent[rank] = (this.sent[rank] ?? 0) + length;
        // MPI may read the memory until the request is done.
        return open(() => {
          if (late()) return false;
          queue.push(view.slice(offset, offset + length));
          return true;
        });
      },
      irecv: (view, offset, length, peer, tag) => {
        const key = `${peer}>${rank}:${tag}`;
        const posted = receives.get(key) ?? [];
        receives.set(key, posted);
        const id = open(() => {
          const message = posted[0] === id ? this.#messages.get(key)?.[0] : undefined;
          if (message === undefined || late()) return false;
          if (message.length !== length) throw new RangeError(`${message.length} bytes for ${length}`);
          this.#messages.get(key)?.shift();
          posted.shift();
          view.set(message, offset);
          return true;
        });
        posted.push(id);
        return id;
      },
      test: (request) => {
        const found = requests.get(request);
        if (found === undefined) throw new RangeError(`no request ${request}`);
        const done = found.done();
        if (done) requests.delete(request);
        return done;
      },
      init: unused,
      iallgatherv: unused,
      ialltoallv: unused,
      ibcast: unused,
      ibarrier: unused,
      cancel: (request) => void requests.delete(request),
      abort: unused,
      finalize: unused,
    };
  }
}
