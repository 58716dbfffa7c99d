import { type Expression, type KernelProgram, kernelProgram, lane, operands } from '../kernels/index.js';

/** How the elements of a span are treated. */
export interface SpanOptions {
  readonly learningRateScale: number;
  readonly weightDecay: number;
  /** Takes part in layer-wise trust ratios (LAMB, LARS). */
  readonly adapt: boolean;
}

/** What scalars of a step are computed from. */
export interface ScalarContext extends SpanOptions {
  /** Counts from 1. */
  readonly step: number;
  /** Scaled for the span. */
  readonly learningRate: number;
  /** Of this step, where a schedule moves it. */
  readonly momentum: number | undefined;
  /** A norm measured by an earlier pass: of the span, or of all spans. */
  norm(name: string): number;
}

/**
 * One link of an optimizer: takes the update so far (at first the gradient) and gives the next, keeping state between
 * steps. The same idea as optax's GradientTransformation, but the result is an expression, compiled once.
 */
export interface GradientTransform {
  /** Names of its states with their initial values: a number, or a copy of the weights. */
  readonly states?: Readonly<Record<string, number | 'weights'>>;
  /** Numbers that change between steps or spans, by the names its expressions use. */
  readonly scalars?: (context: ScalarContext) => Readonly<Record<string, number>>;
  readonly apply: (update: Expression, builder: StepBuilder) => Expression;
}

/** One sweep over the region. */
export interface StepPass {
  readonly program: KernelProgram;
  /** Norms it measures, in the order of the program's sums. */
  readonly norms: readonly string[];
  /** Over which elements norms are taken. */
  readonly scope: 'all' | 'parameter';
}

/** Replaces nodes by others; `stale` lanes have changed since, so nothing may read them any more. */
function replace(root: Expression, by: ReadonlyMap<Expression, Expression>, stale: ReadonlySet<string>): Expression {
  const done = new Map<Expression, Expression>(by);
  const walk = (node: Expression): Expression => {
    const known = done.get(node);
    if (known !== undefined) return known;
    if (node.kind === 'lane' && stale.has(node.name)) throw new Error(`${node.name} is read after it was renewed`);
    const changed = operands(node).some((operand) => walk(operand) !== operand);
    let result = node;
    if (changed && node.kind === 'unary') result = { ...node, input: walk(node.input) };
    if (changed && node.kind === 'binary') result = { ...node, left: walk(node.left), right: walk(node.right) };
    done.set(node, result);
    return result;
  };
  return walk(root);
}

/** Collects what a chain of transforms does with an element, in passes. */
export class StepBuilder {
  /** The parameter as it stands after the transforms so far. */
  parameter: Expression = lane('parameter');
  #stores = new Map<string, Expression>();
  readonly #passes: StepPass[] = [];

  /** Renews a state and gives its new value. */
  store(state: string, value: Expression): Expression {
    this.#stores.set(state, value);
    return value;
  }

  /**
   * Ends the pass by measuring norms, which later scalars may use. Stored values are read back in the next pass instead
   * of being computed again.
   *
   * @returns the update as the next pass sees it
   */
  measure(update: Expression, scope: StepPass['scope'], norms: Readonly<Record<string, Expression>>): Expression {
    this.#passes.push({
      program: kernelProgram(this.#stores, { squareSums: Object.values(norms), watched: true }),
      norms: Object.keys(norms),
      scope,
    });
    const stored = new Map([...this.#stores].map(([name, value]) => [value, lane(name)]));
    const stale = new Set(this.#stores.keys());
    this.#stores = new Map();
    this.parameter = replace(this.parameter, stored, stale);
    return replace(update, stored, stale);
  }

  /** Ends the last pass, which writes the parameter. */
  finish(): readonly StepPass[] {
    this.#stores.set('parameter', this.parameter);
    return [...this.#passes, { program: kernelProgram(this.#stores, { watched: true }), norms: [], scope: 'all' }];
  }
}
