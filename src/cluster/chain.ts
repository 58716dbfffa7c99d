import type { Addend, Reducer } from '../kernels/index.js';
import { type Chunk, cutChunks } from './chunks.js';
import type { SumWork } from './messages.js';
import type { Mpi, MpiRequest } from './mpi.js';
import type { Operation, Progress } from './operations.js';

/** Chunks that a rank may be ahead of what its neighbour has taken. */
const window = 64;
/** Chunks that the first rank adds between two looks at MPI. */
const atOnce = 8;

const tags = { prefix: 1, result: 2 } as const;

/**
 * A sum along the ranks. The first rank adds its arrays and sends the result on, chunk by chunk; each next one adds its own
 * behind that, so that the order of additions, and each rounding, is that of one machine with all arrays. The sums of the
 * last rank stream back. A rank sends the arrays' length once in each direction, at the ends of the chain in one.
 */
export class Chain implements Operation {
  readonly #mpi: Mpi;
  readonly #view: Uint8Array;
  readonly #reduce: Reducer;
  readonly #work: SumWork;
  readonly #chunks: readonly Chunk[];
  readonly #addends: readonly Addend[];
  /** Whether this rank adds, and the ranks before and behind it that do. */
  readonly #adds: boolean;
  readonly #previous: number | undefined;
  readonly #next: number | undefined;
  /** Where results come from, and where they go; the last rank that adds has them first. */
  readonly #source: number | undefined;
  readonly #targets: readonly number[];
  /** Requests in the order of chunks. */
  readonly #prefixes: MpiRequest[] = [];
  readonly #sends: MpiRequest[] = [];
  readonly #results: MpiRequest[] = [];
  readonly #passed: MpiRequest[] = [];
  /** Chunks: asked of the previous rank, added, sent on to the end, asked of the source, known. */
  #asked = 0;
  #added = 0;
  #sent = 0;
  #awaited = 0;
  #known = 0;
  sentBytes = 0;

  /** @param view the whole memory. */
  constructor(mpi: Mpi, view: Uint8Array, reduce: Reducer, work: SumWork) {
    this.#mpi = mpi;
    this.#view = view;
    this.#reduce = reduce;
    this.#work = work;
    this.#chunks = cutChunks(work.ranges);
    const [rank, { coefficients, carry }] = [mpi.rank(), work];
    const adding = coefficients.flatMap((own, index) => (own.length > 0 ? [index] : []));
    // What was carried alone is rank 0's.
    const ranks = adding.length === 0 && carry !== 0 ? [0] : adding;
    const last = ranks.at(-1);
    if (last === undefined) throw new RangeError('a sum needs a rank that adds');
    this.#adds = ranks.includes(rank);
    this.#addends = work.addresses.map((address, index) => ({
      address,
      coefficient: coefficients[rank]?.[index] ?? 0,
    }));
    this.#previous = ranks.findLast((other) => other < rank);
    this.#next = ranks.find((other) => other > rank);
    this.#source = rank === last ? undefined : rank < last ? rank + 1 : rank - 1;
    this.#targets = [...(rank <= last ? [rank - 1] : []), ...(rank >= last ? [rank + 1] : [])].filter(
      (other) => other >= 0 && other < coefficients.length,
    );
  }

  advance(): Progress {
    const before = this.#added + this.#sent + this.#known;
    if (this.#adds && this.#previous === undefined) this.#begin();
    else if (this.#adds) this.#continue(this.#previous ?? 0);
    this.#sent += this.#finished(this.#sends);
    if (this.#source !== undefined) this.#take(this.#source);
    this.#finished(this.#passed);
    const open = this.#sends.length + this.#passed.length;
    if (this.#known === this.#chunks.length && open === 0) return 'done';
    return this.#added + this.#sent + this.#known === before ? 'waiting' : 'moved';
  }

  /** Adds the first arrays of all. */
  #begin(): void {
    const { carry, destination } = this.#work;
    const sources = [...(carry === 0 ? [] : [{ address: destination, coefficient: carry }]), ...this.#addends];
    const most = this.#next === undefined ? this.#chunks.length : this.#sent + window;
    const until = Math.min(this.#chunks.length, this.#added + atOnce, most);
    while (this.#added < until) this.#add(sources);
  }

  /** Adds this rank's arrays behind the sums of those before. */
  #continue(previous: number): void {
    const { destination } = this.#work;
    while (this.#asked < Math.min(this.#chunks.length, this.#added + window)) {
      this.#prefixes.push(this.#receive(this.#asked++, previous, tags.prefix));
    }
    const sources = [{ address: destination, coefficient: 1 }, ...this.#addends];
    for (let count = this.#finished(this.#prefixes); count > 0; count--) this.#add(sources);
  }

  #add(sources: readonly Addend[]): void {
    const index = this.#added++;
    const { begin, floats } = this.#chunks[index] as Chunk;
    const at = begin * 4;
    const moved = sources.map(({ address, coefficient }) => ({ address: address + at, coefficient }));
    this.#reduce(this.#work.destination + at, floats, moved);
    if (this.#next === undefined) this.#know(index);
    else this.#sends.push(this.#send(index, this.#next, tags.prefix));
  }

  /** Takes results; one may come into a chunk's memory only once its prefix has left. */
  #take(source: number): void {
    const free = this.#adds ? this.#sent : this.#chunks.length;
    while (this.#awaited < Math.min(free, this.#known + window)) {
      this.#results.push(this.#receive(this.#awaited++, source, tags.result));
    }
    for (let count = this.#finished(this.#results); count > 0; count--) this.#know(this.#known);
  }

  #know(index: number): void {
    this.#known++;
    for (const target of this.#targets) this.#passed.push(this.#send(index, target, tags.result));
  }

  /** How many of the first requests are done; these are removed. */
  #finished(requests: MpiRequest[]): number {
    let count = 0;
    while (count < requests.length && this.#mpi.test(requests[count] as MpiRequest)) count++;
    requests.splice(0, count);
    return count;
  }

  #send(index: number, peer: number, tag: number): MpiRequest {
    const { begin, floats } = this.#chunks[index] as Chunk;
    this.sentBytes += floats * 4;
    return this.#mpi.isend(this.#view, this.#work.destination + begin * 4, floats * 4, peer, tag);
  }

  #receive(index: number, peer: number, tag: number): MpiRequest {
    const { begin, floats } = this.#chunks[index] as Chunk;
    return this.#mpi.irecv(this.#view, this.#work.destination + begin * 4, floats * 4, peer, tag);
  }
}
