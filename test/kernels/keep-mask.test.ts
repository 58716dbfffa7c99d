import test from 'ava';
import { hash32 } from '../../src/base/random.js';
import { maskStateBytes, openMaskWriter } from '../../src/kernels/index.js';

const start = 256;

function writer() {
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
  const write = openMaskWriter(memory, 0);
  return (count: number, rate: number, key: readonly [number, number], beyond = 0): Uint8Array => {
    const view = new Uint8Array(memory.buffer, start, count + beyond);
    view.fill(9);
    write(start, count, rate, key);
    return view.slice();
  };
}

/** The generator as its author states it ("sfc32", PractRand), one word after the other, in unsigned arithmetic. */
function* sfc32(a: number, b: number, c: number): Generator<number> {
  let counter = 1;
  for (let round = 0; ; round++) {
    const word = (a + b + counter) % 2 ** 32;
    counter = (counter + 1) % 2 ** 32;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + ((c << 3) >>> 0)) % 2 ** 32;
    c = ((((c << 21) | (c >>> 11)) >>> 0) + word) % 2 ** 32;
    if (round >= 12) yield word;
  }
}

test('each byte is decided by 16 bits of one of eight sfc32 streams', (t) => {
  const key = [0xdeadbeef | 0, 0x12345678] as const;
  const rate = 0.3;
  const streams = Array.from({ length: 8 }, (_, stream) => {
    const [a, b, c] = [0, 1, 2].map((word) => hash32(0xdeadbeef, 'dropout', 0x12345678, stream, word));
    return sfc32(a as number, b as number, c as number);
  });
  const threshold = Math.round(rate * 65_536);
  const expected: number[] = [];
  for (let turn = 0; turn < 40; turn++) {
    for (const stream of streams) {
      const word = stream.next().value as number;
      expected.push(Number((word & 0xffff) >= threshold), Number(word >>> 16 >= threshold));
    }
  }
  t.deepEqual([...writer()(640, rate, key)], expected);
});

test('the share of ones is 1 - rate, whatever came before, and keys draw other masks', (t) => {
  const mask = writer();
  const count = 160_000;
  for (const rate of [0, 0.1, 0.25, 0.5, 0.9]) {
    const ones = mask(count, rate, [3, 4]).reduce((sum, byte) => sum + byte, 0);
    // Binomial: five standard deviations. Steps of 2^-16 move the mean by 1.2 ones at most.
    const deviation = Math.sqrt(count * rate * (1 - rate));
    t.true(Math.abs(ones - count * (1 - rate)) <= 5 * deviation + 1.3, `rate ${rate}: ${ones}`);
  }
  const first = mask(count, 0.5, [3, 4]);
  t.deepEqual(mask(count, 0.5, [3, 4]), first);
  for (const key of [
    [3, 5],
    [4, 4],
    [-3, 4],
  ] as const) {
    const other = mask(count, 0.5, key);
    const equal = other.reduce((sum, byte, index) => sum + Number(byte === first[index]), 0);
    t.true(Math.abs(equal - count / 2) < 5 * Math.sqrt(count / 4), `key ${key.join()}: ${equal} equal`);
  }
});

test('neighbours at the distances of pixels, rows and channels do not depend on each other', (t) => {
  const mask = writer()(160_000, 0.5, [1, 2]);
  for (const distance of [1, 2, 8, 16, 32, 64, 512, 1024]) {
    const count = mask.length - distance;
    let equal = 0;
    for (let index = 0; index < count; index++) equal += Number(mask[index] === mask[index + distance]);
    t.true(Math.abs(equal - count / 2) < 5 * Math.sqrt(count / 4), `distance ${distance}: ${equal} of ${count}`);
  }
});

test('nothing is written behind the last turn, and the state lies where it was told', (t) => {
  const mask = writer()(24, 0.5, [1, 2], 40);
  t.true(mask.subarray(0, 32).every((byte) => byte <= 1));
  t.true(mask.subarray(32).every((byte) => byte === 9));
  t.true(maskStateBytes <= start);
});
