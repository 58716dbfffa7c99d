import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import {
  absolute,
  add,
  compileKernels,
  constant,
  divide,
  type Expression,
  interpret,
  kernelProgram,
  lane,
  maximum,
  minimum,
  multiply,
  openReducer,
  scalar,
  squareRoot,
  subtract,
} from '../../src/kernels/index.js';

const newMemory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });

/** Normal numbers of widely different sizes, with the special values that arithmetic must treat alike. */
function sample(length: number, place: number): Float32Array {
  const stream = new RandomStream(7, 'test', place);
  const specials = [0, -0, Infinity, -Infinity, NaN, 1e-40, 3.4e38];
  return Float32Array.from({ length }, (_, index) =>
    index % 11 === 5 ? (specials[stream.below(specials.length)] ?? 0) : stream.normal() * 10 ** (stream.below(9) - 4),
  );
}

/** Bit patterns, NaNs all alike: IEEE leaves their payload open. */
function bits(array: Float32Array): number[] {
  return [...new Uint32Array(array.slice().buffer)].map((word, index) =>
    Number.isNaN(array[index]) ? 0x7fc0_0000 : word,
  );
}

const [a, b, c] = [lane('a'), lane('b'), lane('c')];
const cases: Readonly<Record<string, Expression>> = {
  add: add(a, b),
  subtract: subtract(a, b),
  multiply: multiply(a, b),
  divide: divide(a, b),
  maximum: maximum(a, b),
  minimum: minimum(a, b),
  squareRoot: squareRoot(a),
  absolute: absolute(a),
  scalar: multiply(scalar('s'), a),
  constant: add(constant(0.1), a),
  nested: divide(add(multiply(a, a), multiply(scalar('s'), b)), add(squareRoot(absolute(c)), constant(1e-8))),
};

for (const [name, expression] of Object.entries(cases)) {
  test(`the compiled loop gives the interpreter's bits: ${name}`, (t) => {
    const memory = newMemory();
    const program = kernelProgram(new Map([['out', expression]]));
    const { run } = compileKernels(memory, { run: program });
    const length = 208;
    const offset = (index: number): number => 1024 * (index + 1);
    const arrays: Record<string, Float32Array> = {};
    program.lanes.forEach((laneName, index) => {
      arrays[laneName] = sample(length, index);
      new Float32Array(memory.buffer, offset(index), length).set(arrays[laneName]);
    });
    run(
      length,
      program.lanes.map((_, index) => offset(index)),
      program.scalars.map(() => 0.3),
    );
    interpret(program, arrays, { s: 0.3 });
    const out = new Float32Array(memory.buffer, offset(program.lanes.indexOf('out')), length);
    t.deepEqual(bits(out), bits(arrays['out'] ?? new Float32Array()));
  });
}

test('one float32 rounding per operation: 1 + 2^-24 is 1, and (1 + 2^-12)^2 loses its last term', (t) => {
  const memory = newMemory();
  const programs = {
    sum: kernelProgram(new Map([['x', add(lane('x'), constant(2 ** -24))]])),
    // (1 + e)^2 = 1 + 2e + e^2 with e = 2^-12: e^2 = 2^-24 is half a last place and ties to even, so it is dropped;
    // a fused multiply-add that subtracts 1 + 2e would keep it.
    square: kernelProgram(new Map([['y', subtract(multiply(lane('y'), lane('y')), constant(1 + 2 ** -11))]])),
  };
  const kernels = compileKernels(memory, programs);
  const x = new Float32Array(memory.buffer, 0, 16).fill(1);
  const y = new Float32Array(memory.buffer, 64, 16).fill(1 + 2 ** -12);
  kernels.sum(16, [0], []);
  kernels.square(16, [64], []);
  t.true(x.every((value) => value === 1));
  t.true(y.every((value) => value === 0));
});

test('stores see the old elements, and a program may store several lanes and sum several squares', (t) => {
  const memory = newMemory();
  const program = kernelProgram(
    new Map([
      ['a', add(a, b)],
      ['b', subtract(a, b)],
    ]),
    { squareSums: [a, multiply(b, constant(2))] },
  );
  const { run } = compileKernels(memory, { run: program });
  const first = new Float32Array(memory.buffer, 0, 32).fill(3);
  const second = new Float32Array(memory.buffer, 128, 32).fill(1);
  // 32 * 3^2 and 32 * 2^2.
  t.deepEqual(run(32, [0, 128], []), { sums: [288, 128], finite: true });
  t.true(first.every((value) => value === 4));
  t.true(second.every((value) => value === 2));
});

test("sums of squares are taken in float64, with the interpreter's bits", (t) => {
  const memory = newMemory();
  const program = kernelProgram(new Map(), { squareSums: [a] });
  const { run } = compileKernels(memory, { run: program });
  const values = Float32Array.from({ length: 4096 }, (_, index) => new RandomStream(1, 'test', index).normal() * 1e3);
  new Float32Array(memory.buffer, 0, 4096).set(values);
  const [sum = NaN] = run(4096, [0], []).sums;
  t.deepEqual([sum], interpret(program, { a: values }, {}).sums);
  // In any order float64 is right to about 4096 * 2^-53.
  const exact = values.reduce((total, value) => total + value * value, 0);
  t.true(Math.abs(sum / exact - 1) < 1e-12);
});

for (const count of [1, 2, 3, 4, 5, 9]) {
  test(`the reduction adds ${count} sources in order, rounding each step to float32`, (t) => {
    const memory = newMemory();
    const reduce = openReducer(memory);
    const length = 112;
    const sources = Array.from({ length: count }, (_, index) => {
      const array = new Float32Array(memory.buffer, 1024 * (index + 1), length);
      const stream = new RandomStream(3, 'test', index);
      array.set(Float32Array.from({ length }, () => stream.normal()));
      return { array, address: array.byteOffset, coefficient: Math.fround(stream.uniform()) };
    });
    const expected = Array.from({ length }, (_, place) =>
      sources
        .map(({ array, coefficient }) => Math.fround(coefficient * (array[place] ?? NaN)))
        .reduce((sum, term) => Math.fround(sum + term)),
    );
    reduce(0, length, sources);
    t.deepEqual([...new Float32Array(memory.buffer, 0, length)], expected);
  });
}

test('a reduction into one of its own sources gives the same', (t) => {
  const memory = newMemory();
  const reduce = openReducer(memory);
  const first = new Float32Array(memory.buffer, 0, 16).fill(2);
  new Float32Array(memory.buffer, 64, 16).fill(3);
  reduce(0, 16, [
    { address: 0, coefficient: 0.5 },
    { address: 64, coefficient: 2 },
  ]);
  t.true(first.every((value) => value === 7)); // 2 * 0.5 + 3 * 2
});

for (const bad of [NaN, Infinity, -Infinity]) {
  test(`a watched program tells of ${bad} anywhere in what it stores, and stores and sums what others do`, (t) => {
    const memory = newMemory();
    const stores = new Map([
      ['a', add(a, constant(1))],
      ['b', multiply(b, b)],
    ]);
    const programs = {
      watched: kernelProgram(stores, { squareSums: [b], watched: true }),
      plain: kernelProgram(stores, { squareSums: [b] }),
      alone: kernelProgram(new Map([['a', a]]), { watched: true }),
    };
    const { watched, plain, alone } = compileKernels(memory, programs);
    const arrays = { a: new Float32Array(memory.buffer, 0, 48), b: new Float32Array(memory.buffer, 192, 48) };
    for (const name of ['a', 'b'] as const) {
      for (const place of [0, 3, 16, 30, 47]) {
        const fill = (): void => {
          // The largest number that is finite, and the smallest: neither must be taken for what it is not.
          arrays.a.fill(1).fill(-3.4028234e38, 4, 6);
          arrays.b.fill(2).fill(1e-45, 4, 6);
          arrays[name][place] = bad;
        };
        fill();
        const flagged = watched(48, [0, 192], []);
        t.false(flagged.finite, `${name}[${place}]`);
        const after = [arrays.a.slice(), arrays.b.slice()];
        fill();
        t.deepEqual(plain(48, [0, 192], []).sums, flagged.sums);
        t.deepEqual([arrays.a.slice(), arrays.b.slice()], after);
        fill();
        t.false(interpret(programs.watched, { a: arrays.a.slice(), b: arrays.b.slice() }, {}).finite);
        t.is(alone(48, [0], []).finite, name === 'b');
        arrays[name][place] = 1;
        t.true(watched(48, [0, 192], []).finite);
      }
    }
  });
}

test('an element that overflows while it is stored is told of', (t) => {
  const memory = newMemory();
  const { run } = compileKernels(memory, { run: kernelProgram(new Map([['a', multiply(a, a)]]), { watched: true }) });
  const values = new Float32Array(memory.buffer, 0, 16).fill(1);
  values[9] = 1e19;
  t.true(run(16, [0], []).finite);
  t.false(run(16, [0], []).finite);
  t.is(values[9], Infinity);
});
