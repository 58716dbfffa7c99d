/**
 * Randomness as a pure function: every random choice in convoy is a function of
 * (seed, purpose, and the numbers that name the place: epoch, sample, step, layer).
 * No clock, no hidden state, so a resumed run repeats the uninterrupted one exactly.
 *
 * Mixing is the 32-bit finaliser of MurmurHash3 applied to each word in turn; streams are
 * PCG-like counters over it (sfc32, Chris Doty-Humphrey's "Small Fast Counting" generator).
 */

/** What a random choice is for; streams of different purposes never correlate. */
export type Purpose =
  | 'shuffle'
  | 'sample'
  | 'search'
  | 'augment'
  | 'dropout'
  | 'initialize'
  | 'split'
  | 'shapes'
  | 'scenes'
  | 'mix'
  | 'draw'
  | 'test';

const purposes: Readonly<Record<Purpose, number>> = {
  shuffle: 0x51ed270b,
  sample: 0x2c1b3c6d,
  search: 0x165667b1,
  augment: 0x2545f491,
  dropout: 0x6c8e9cf5,
  initialize: 0x7f4a7c15,
  split: 0x1b873593,
  shapes: 0x3c6ef372,
  scenes: 0x1f83d9ab,
  mix: 0x5851f42d,
  draw: 0x369dea0f,
  test: 0x14057b7e,
};

function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return (h + 0x9e3779b9) | 0;
}

/** A 32-bit hash of (seed, purpose, place...), each an integer up to 2^53. */
export function hash32(seed: number, purpose: Purpose, ...place: readonly number[]): number {
  let h = mix(purposes[purpose], seed | 0);
  h = mix(h, Math.floor(seed / 0x1_0000_0000) | 0);
  for (const word of place) {
    h = mix(h, word | 0);
    if (word > 0x7fff_ffff) h = mix(h, Math.floor(word / 0x1_0000_0000) | 0);
  }
  return mix(h, place.length) >>> 0;
}

/** A stream of uniform numbers in [0, 1), independent of every other (seed, purpose, place). */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, purpose: Purpose, ...place: readonly number[]) {
    this.#a = hash32(seed, purpose, ...place, 1);
    this.#b = hash32(seed, purpose, ...place, 2);
    this.#c = hash32(seed, purpose, ...place, 3);
    for (let i = 0; i < 8; i++) this.uint32();
  }

  /** A uniform 32-bit unsigned integer. */
  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** A uniform number in [0, 1) of 53 bits. */
  uniform(): number {
    return (this.uint32() * 0x20_0000 + (this.uint32() >>> 11)) / 0x20_0000_0000_0000;
  }

  /** A uniform integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** A standard normal number (Box-Muller, one of the pair used). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** A uniformly drawn permutation of 0..count-1 (Fisher-Yates). */
export function permutation(count: number, stream: RandomStream): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const swap = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swap;
  }
  return order;
}
