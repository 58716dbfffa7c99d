import { sliceFloats } from '../contracts/index.js';
import type { Reducer } from '../kernels/index.js';
import { type Chunk, cutChunks } from './chunks.js';
import type { SumWork } from './messages.js';
import type { Mpi, MpiRequest } from './mpi.js';
import type { Operation, Progress } from './operations.js';

const tags = { slice: 4, result: 5 } as const;

/** Sends under way at once. */
const window = 64;

/** A message to be sent: bytes of the memory. */
interface Message {
  readonly address: number;
  readonly bytes: number;
  readonly peer: number;
  readonly tag: number;
}

/** What comes from one rank, in the order in which it sends. */
interface Incoming {
  readonly requests: MpiRequest[];
  /** Messages that have come. */
  count: number;
}

/** The slice of the summed ranges that a rank adds, in pieces that are sent at once. */
function sliceOf(work: SumWork, rank: number): readonly Chunk[] {
  const length = work.ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const slice = sliceFloats(length, work.coefficients.length);
  let before = 0;
  const ranges = work.ranges.flatMap(({ begin, end }) => {
    const first = before;
    before += end - begin;
    const from = Math.max(begin, begin + rank * slice - first);
    const until = Math.min(end, begin + (rank + 1) * slice - first);
    return from < until ? [{ begin: from, end: until }] : [];
  });
  return cutChunks(ranges);
}

/**
 * A sum in slices: each rank gets a slice of all arrays, adds them in the order of ranks, and sends the sums to all. The
 * bits are those of the chain. A rank sends each of its arrays, but waits for two messages only.
 */
export class Slices implements Operation {
  readonly #mpi: Mpi;
  readonly #view: Uint8Array;
  readonly #reduce: Reducer;
  readonly #work: SumWork;
  readonly #rank: number;
  readonly #own: readonly Chunk[];
  /** By rank: the arrays' pieces, and results of other slices. */
  readonly #arrays: Incoming[];
  readonly #results: Incoming[];
  /** Sums go first: others wait for them. */
  readonly #sums: Message[] = [];
  readonly #pieces: Message[] = [];
  /** Of `#pieces`, how many have been sent. */
  #begun = 0;
  readonly #staging: number;
  /** Floats before each piece of the own slice, and of all of it. */
  readonly #offsets: readonly number[];
  readonly #sends: MpiRequest[] = [];
  /** Pieces of the own slice that have been added. */
  #added = 0;
  sentBytes = 0;

  /** @param staging byte offset of room for a slice of each array of other ranks, one behind the other. */
  constructor(mpi: Mpi, view: Uint8Array, reduce: Reducer, work: SumWork, staging: number) {
    this.#mpi = mpi;
    this.#view = view;
    this.#reduce = reduce;
    this.#work = work;
    this.#rank = mpi.rank();
    const { coefficients, addresses, destination } = work;
    const slices = coefficients.map((_, rank) => sliceOf(work, rank));
    this.#own = slices[this.#rank] ?? [];
    this.#staging = staging;
    let end = 0;
    this.#offsets = [0, ...this.#own.map(({ floats }) => (end += floats))];
    const empty = (): Incoming => ({ requests: [], count: 0 });
    this.#arrays = coefficients.map(empty);
    this.#results = coefficients.map(empty);
    for (const [peer, slice] of slices.entries()) {
      if (peer === this.#rank) continue;
      for (const [index, { floats }] of this.#own.entries()) {
        for (let array = 0; array < (coefficients[peer]?.length ?? 0); array++) {
          this.#arrays[peer]?.requests.push(this.#receive(this.#staged(peer, array, index), floats, peer, tags.slice));
        }
      }
      for (const { begin, floats } of slice) {
        this.#results[peer]?.requests.push(this.#receive(destination + begin * 4, floats, peer, tags.result));
        for (const address of addresses) {
          this.#pieces.push({ address: address + begin * 4, bytes: floats * 4, peer, tag: tags.slice });
        }
      }
    }
  }

  advance(): Progress {
    let moved = 0;
    for (const incoming of [...this.#arrays, ...this.#results]) moved += this.#finished(incoming.requests, incoming);
    while (this.#added < this.#own.length && this.#isReady(this.#added)) this.#add(this.#added++);
    moved += this.#finished(this.#sends);
    while (this.#sends.length < window) {
      const first = this.#sums.shift();
      const next = first ?? this.#pieces[this.#begun];
      if (next === undefined) break;
      if (first === undefined) this.#begun++;
      this.sentBytes += next.bytes;
      this.#sends.push(this.#mpi.isend(this.#view, next.address, next.bytes, next.peer, next.tag));
    }
    const open = this.#sends.length + this.#sums.length + this.#own.length - this.#added;
    if (
      open === 0 &&
      this.#begun === this.#pieces.length &&
      this.#results.every(({ requests }) => requests.length === 0)
    )
      return 'done';
    return moved > 0 ? 'moved' : 'waiting';
  }

  /** Whether all ranks' arrays of a piece have come. */
  #isReady(index: number): boolean {
    const { coefficients } = this.#work;
    return this.#arrays.every(
      ({ count }, rank) => rank === this.#rank || count >= (index + 1) * (coefficients[rank]?.length ?? 0),
    );
  }

  #add(index: number): void {
    const { coefficients, addresses, carry, destination } = this.#work;
    const { begin, floats } = this.#own[index] as Chunk;
    const target = destination + begin * 4;
    const addends = coefficients.flatMap((all, rank) =>
      all.map((coefficient, array) => ({
        coefficient,
        address: rank === this.#rank ? (addresses[array] ?? 0) + begin * 4 : this.#staged(rank, array, index),
      })),
    );
    this.#reduce(target, floats, [...(carry === 0 ? [] : [{ address: target, coefficient: carry }]), ...addends]);
    for (const peer of coefficients.keys()) {
      if (peer !== this.#rank) this.#sums.push({ address: target, bytes: floats * 4, peer, tag: tags.result });
    }
  }

  /** Where a piece of another rank's array lies here. */
  #staged(rank: number, array: number, index: number): number {
    const { coefficients } = this.#work;
    const before = coefficients
      .slice(0, rank)
      .reduce((sum, { length }, other) => sum + (other === this.#rank ? 0 : length), 0);
    const length = this.#offsets.at(-1) ?? 0;
    return this.#staging + ((before + array) * length + (this.#offsets[index] ?? 0)) * 4;
  }

  #finished(requests: MpiRequest[], counted?: Incoming): number {
    let count = 0;
    while (count < requests.length && this.#mpi.test(requests[count] as MpiRequest)) count++;
    requests.splice(0, count);
    if (counted !== undefined) counted.count += count;
    return count;
  }

  #receive(address: number, floats: number, peer: number, tag: number): MpiRequest {
    return this.#mpi.irecv(this.#view, address, floats * 4, peer, tag);
  }
}
