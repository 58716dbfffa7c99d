import { RandomStream } from '../../src/base/random.js';

/** Numbers at which readers go wrong: nothing, signs, borders of their widths. */
const borders = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const longest = 2 ** 20;

type Mutation = (bytes: Buffer, random: RandomStream, other: Buffer) => Buffer;

/** A place in a file: headers, at its beginning and end, are hit as often as all the rest. */
function placeIn(bytes: Buffer, random: RandomStream): number {
  const size = Math.max(1, bytes.length);
  const near = random.below(Math.min(size, 512));
  const kind = random.below(4);
  return kind === 0 ? near : kind === 1 ? size - 1 - near : random.below(size);
}

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    const at = placeIn(bytes, random);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  (bytes, random) => {
    bytes[placeIn(bytes, random)] = random.below(256);
    return bytes;
  },
  (bytes, random) => {
    const width = [1, 2, 4][random.below(3)] as number;
    const at = Math.min(placeIn(bytes, random), Math.max(0, bytes.length - width));
    if (bytes.length < width) return bytes;
    const value = (borders[random.below(borders.length)] as number) % 256 ** width;
    if (random.below(2) === 0) bytes.writeUIntLE(value, at, width);
    else bytes.writeUIntBE(value, at, width);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, placeIn(bytes, random)),
  (bytes, random) => {
    const at = placeIn(bytes, random);
    const length = 1 + random.below(64);
    return bytes.fill([0, 0xff, 0x20][random.below(3)] as number, at, Math.min(bytes.length, at + length));
  },
  (bytes, random) => {
    const at = placeIn(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(128))]);
  },
  (bytes, random) => {
    const [from, to] = [placeIn(bytes, random), placeIn(bytes, random)];
    return Buffer.concat([
      bytes.subarray(0, to),
      bytes.subarray(from, from + 1 + random.below(512)),
      bytes.subarray(to),
    ]);
  },
  (bytes, random, other) => {
    const [at, from] = [placeIn(bytes, random), placeIn(other, random)];
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
  },
  // Numbers in text: JSON, headers of tar.
  (bytes, random) => {
    const text = bytes.toString('latin1');
    const numbers = [...text.matchAll(/-?\d+/g)];
    const found = numbers[random.below(Math.max(1, numbers.length))];
    if (found === undefined) return bytes;
    const put = ['0', '-1', '1e999', '99999999999999999999', '3.5', 'null', '"1"'][random.below(7)] as string;
    return Buffer.from(text.slice(0, found.index) + put + text.slice(found.index + found[0].length), 'latin1');
  },
];

/** Input `index` of a campaign: one of the corpus, changed in one to four places. A pure function of seed and index. */
export function mutated(corpus: readonly Buffer[], seed: number, index: number): Buffer {
  const random = new RandomStream(seed, 'test', index);
  let bytes: Buffer = Buffer.from(corpus[random.below(corpus.length)] as Buffer);
  const other = corpus[random.below(corpus.length)] as Buffer;
  for (let change = 0; change <= random.below(4); change++) {
    const mutation = mutations[random.below(mutations.length)] as Mutation;
    bytes = Buffer.from(mutation(bytes, random, other).subarray(0, longest));
  }
  return bytes;
}
