import { elementsPerTurn, type KernelResult } from './compile.js';
import type { BinaryOperation, Expression, KernelProgram, UnaryOperation } from './expression.js';

const unaryMeaning: Readonly<Record<UnaryOperation, (x: number) => number>> = {
  squareRoot: Math.sqrt,
  absolute: Math.abs,
};

const binaryMeaning: Readonly<Record<BinaryOperation, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  maximum: Math.max,
  minimum: Math.min,
};

/**
 * What a program means, element after element in plain JavaScript: the compiled loop gives the same bits. (Rounding
 * the float64 result of one +, -, *, / or square root of float32 numbers gives the correctly rounded float32.)
 *
 * @param arrays one array per lane, all of a multiple of `elementsPerTurn`; stores change them
 */
export function interpret(
  program: KernelProgram,
  arrays: Readonly<Record<string, Float32Array>>,
  scalars: Readonly<Record<string, number>>,
): KernelResult {
  const arrayOf = (name: string): Float32Array => {
    const array = arrays[name];
    if (array === undefined) throw new RangeError(`no array for lane ${name}`);
    return array;
  };
  const scalarOf = (name: string): number => {
    const value = scalars[name];
    if (value === undefined) throw new RangeError(`no value for scalar ${name}`);
    return Math.fround(value);
  };
  const evaluate = (node: Expression, index: number): number => {
    switch (node.kind) {
      case 'lane':
        return arrayOf(node.name)[index] ?? NaN;
      case 'scalar':
        return scalarOf(node.name);
      case 'constant':
        return node.value;
      case 'unary':
        return Math.fround(unaryMeaning[node.operation](evaluate(node.input, index)));
      case 'binary':
        return Math.fround(binaryMeaning[node.operation](evaluate(node.left, index), evaluate(node.right, index)));
    }
  };
  const length = arrayOf(program.lanes[0] ?? '').length;
  let finite = true;
  const partial = program.squareSums.map(() => new Float64Array(elementsPerTurn));
  for (let index = 0; index < length; index++) {
    const values = program.stores.map((store) => evaluate(store.value, index));
    program.squareSums.forEach((value, which) => {
      const x = evaluate(value, index);
      const sums = partial[which];
      if (sums) sums[index % elementsPerTurn] = (sums[index % elementsPerTurn] ?? 0) + x * x;
    });
    program.stores.forEach((store, which) => {
      arrayOf(store.lane)[index] = values[which] ?? NaN;
      finite &&= Number.isFinite(values[which]);
    });
  }
  const sums = partial.map((ofPlaces) => {
    const pair = [0, 0];
    ofPlaces.forEach((sum, place) => (pair[place % 2] = (pair[place % 2] ?? 0) + sum));
    return (pair[0] ?? 0) + (pair[1] ?? 0);
  });
  return { sums, finite: !program.watched || finite };
}
