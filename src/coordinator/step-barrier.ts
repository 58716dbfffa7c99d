import { type Arena, barrierHead, slotNames } from '../memory/index.js';

/** Words of the barrier's slot: the verdict and how many have arrived, each in a cache line of its own; then a word a shard. */
const verdictWord = 0;
const arrivedWord = barrierHead / 2;

const verdicts = { none: 0, open: 1, shut: 2 } as const;
const places = { away: 0, arrived: 1, through: 2 } as const;

/** A spinning worker reads the clock after each 64 rounds. */
const spinsPerReading = 64;
/** Milliseconds: longer than most waits on a machine that others share. */
const longestSpin = 2;

/**
 * Where the workers of a batch wait for each other between their gradients and the optimizer's step, in shared memory, so
 * that the main thread need not wake in between. The last to arrive decides whether the others may go through.
 */
export class StepBarrier {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #spin: number;

  /** @param spin milliseconds for which a worker spins before it sleeps: waking up takes longer than most waits. */
  constructor(arena: Arena, spin = 0) {
    this.#words = arena.int32(arena.slot(slotNames.barrier));
    this.#spin = spin;
  }

  /** For the next batch; nobody may be at the barrier. */
  reset(): void {
    this.#words.fill(0);
  }

  /**
   * Waits for the others. A shard whose worker failed after it arrived may arrive again.
   *
   * @param parties how many arrive, this one included.
   * @param decide called by the last, when what all others did before they arrived can be seen.
   * @returns whether this worker may step: true only once for a shard.
   */
  pass(shard: number, parties: number, decide: () => boolean): boolean {
    const words = this.#words;
    const first = Atomics.compareExchange(words, barrierHead + shard, places.away, places.arrived) === places.away;
    const last = first && Atomics.add(words, arrivedWord, 1) + 1 === parties;
    if (last && Atomics.load(words, verdictWord) === verdicts.none) {
      let open = false;
      try {
        open = decide();
      } finally {
        this.#settle(open ? verdicts.open : verdicts.shut);
      }
    }
    if (this.#verdict() !== verdicts.open) return false;
    return Atomics.compareExchange(words, barrierHead + shard, places.arrived, places.through) === places.arrived;
  }

  /** Sends those who wait away without a step, unless it has begun; for when somebody will never arrive. */
  shut(): void {
    this.#settle(verdicts.shut);
  }

  /** Whether a shard's worker has begun its part of the step, which cannot be done twice. */
  hasPassed(shard: number): boolean {
    return Atomics.load(this.#words, barrierHead + shard) === places.through;
  }

  #settle(verdict: number): void {
    Atomics.compareExchange(this.#words, verdictWord, verdicts.none, verdict);
    Atomics.notify(this.#words, verdictWord);
  }

  #verdict(): number {
    const words = this.#words;
    const until = performance.now() + this.#spin;
    for (let round = 1; ; round++) {
      const verdict = Atomics.load(words, verdictWord);
      if (verdict !== verdicts.none) return verdict;
      if (round % spinsPerReading === 0 && performance.now() > until) Atomics.wait(words, verdictWord, verdicts.none);
    }
  }
}

/** How long workers spin before they sleep: only where each thread that computes can have a core to itself. */
export function spinTime(threads: number, cores: number): number {
  return threads <= cores ? longestSpin : 0;
}
