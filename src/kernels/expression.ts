/**
 * Elementwise arithmetic over float32 arrays, written once as data: the compiler makes a WebAssembly SIMD loop of it,
 * the interpreter says what the loop must compute. Nodes are shared by identity: a node used twice is computed once.
 */

export type UnaryOperation = 'squareRoot' | 'absolute';
export type BinaryOperation = 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum';

/** One value for each element, in float32; every operation rounds to float32, none is fused. */
export type Expression =
  /** The element of an array; arrays are named here and given by address at each call. */
  | { readonly kind: 'lane'; readonly name: string }
  /** A number given at each call, the same for all elements. */
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'unary'; readonly operation: UnaryOperation; readonly input: Expression }
  | {
      readonly kind: 'binary';
      readonly operation: BinaryOperation;
      readonly left: Expression;
      readonly right: Expression;
    };

const unary =
  (operation: UnaryOperation) =>
  (input: Expression): Expression => ({ kind: 'unary', operation, input });

const binary =
  (operation: BinaryOperation) =>
  (left: Expression, right: Expression): Expression => ({ kind: 'binary', operation, left, right });

export const lane = (name: string): Expression => ({ kind: 'lane', name });
export const scalar = (name: string): Expression => ({ kind: 'scalar', name });
export const constant = (value: number): Expression => ({ kind: 'constant', value: Math.fround(value) });
export const squareRoot = unary('squareRoot');
export const absolute = unary('absolute');
export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const divide = binary('divide');
/** NaN if either is NaN. */
export const maximum = binary('maximum');
/** NaN if either is NaN. */
export const minimum = binary('minimum');

/** The operands of a node. */
export function operands(expression: Expression): readonly Expression[] {
  if (expression.kind === 'unary') return [expression.input];
  if (expression.kind === 'binary') return [expression.left, expression.right];
  return [];
}

/** What one loop does: for each element, all stores; and for each sum, the total of its squares over the elements. */
export interface KernelProgram {
  /** Arrays in the order in which calls give their addresses. */
  readonly lanes: readonly string[];
  /** In the order in which calls give their values. */
  readonly scalars: readonly string[];
  /** All values are computed from the old elements, then stored. */
  readonly stores: readonly { readonly lane: string; readonly value: Expression }[];
  /** Values whose squares are summed in float64. */
  readonly squareSums: readonly Expression[];
  /** Whether the loop also tells if all that it stored is finite. */
  readonly watched: boolean;
}

/** Visits every node once, operands first. */
export function visit(roots: readonly Expression[], each: (expression: Expression) => void): void {
  const seen = new Set<Expression>();
  const walk = (expression: Expression): void => {
    if (seen.has(expression)) return;
    seen.add(expression);
    operands(expression).forEach(walk);
    each(expression);
  };
  roots.forEach(walk);
}

/** Makes a program of stores and sums; lanes and scalars are named in the order in which they are met. */
export function kernelProgram(
  stores: ReadonlyMap<string, Expression>,
  { squareSums = [], watched = false }: Partial<Pick<KernelProgram, 'squareSums' | 'watched'>> = {},
): KernelProgram {
  const lanes = new Set<string>();
  const scalars = new Set<string>();
  visit([...stores.values(), ...squareSums], (node) => {
    if (node.kind === 'lane') lanes.add(node.name);
    if (node.kind === 'scalar') scalars.add(node.name);
  });
  for (const name of stores.keys()) lanes.add(name);
  return {
    lanes: [...lanes],
    scalars: [...scalars],
    stores: [...stores].map(([name, value]) => ({ lane: name, value })),
    squareSums,
    watched,
  };
}
