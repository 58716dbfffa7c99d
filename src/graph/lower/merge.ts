import {
  addAll,
  type BinaryOp,
  binary,
  broadcastShape,
  cast,
  concatenate,
  type GraphBuilder,
  reduce,
  scale,
  unary,
  type Value,
} from '../../ops/index.js';
import type { LayerScope, Lowering, LoweringTable } from './scope.js';

/** Brings the inputs to one type, the narrower one where they differ: they are activations. */
function alike(graph: GraphBuilder, inputs: readonly Value[]): readonly Value[] {
  const type = inputs.some((input) => input.type === 'bfloat16') ? 'bfloat16' : 'float32';
  return inputs.map((input) => cast(graph, input, type));
}

function several(lower: (scope: LayerScope, inputs: readonly Value[]) => Value): Lowering {
  return (scope, inputs) => {
    if (inputs.length < 2) throw scope.error('two inputs or more', String(inputs.length));
    return lower(scope, alike(scope.graph, inputs));
  };
}

/** Applies an op of two from left to right. */
function fold(op: BinaryOp): Lowering {
  return several(({ graph }, inputs) => inputs.reduce((left, right) => binary(graph, op, left, right)));
}

function sum(graph: GraphBuilder, inputs: readonly Value[]): Value {
  const [first, ...rest] = inputs as readonly [Value, ...Value[]];
  const same = rest.every((input) => input.shape.every((size, axis) => size === first.shape[axis]));
  return same ? addAll(graph, inputs) : inputs.reduce((left, right) => binary(graph, 'AddV2', left, right));
}

/** Layers that join branches. */
export const mergeLowerings: LoweringTable = {
  Add: several(({ graph }, inputs) => sum(graph, inputs)),
  Average: several(({ graph }, inputs) => scale(graph, sum(graph, inputs), 1 / inputs.length)),
  Multiply: fold('Mul'),
  Maximum: fold('Maximum'),
  Minimum: fold('Minimum'),
  Concatenate: several((scope, inputs) => {
    const first = inputs[0] as Value;
    const axis = scope.config.number('axis', -1);
    const place = axis < 0 ? first.shape.length + axis : axis;
    const fits = inputs.every((input) => input.shape.every((size, at) => at === place || size === first.shape[at]));
    if (!fits) throw new RangeError(`sizes differ outside axis ${place}`);
    return concatenate(scope.graph, inputs, place);
  }),
  /** Scalar products of vectors, of unit length first if `normalize` is set. */
  Dot: several((scope, inputs) => {
    const { graph, config } = scope;
    const [a, b] = inputs as readonly [Value, Value];
    if (a.shape.length !== 2 || broadcastShape(a.shape, b.shape) === undefined) {
      throw new RangeError('Dot of other than two vectors a sample');
    }
    const total = (left: Value, right: Value): Value =>
      reduce(graph, 'Sum', binary(graph, 'Mul', left, right), [1], true);
    if (!config.boolean('normalize', false)) return total(a, b);
    const unit = (x: Value): Value => binary(graph, 'Mul', x, unary(graph, 'Rsqrt', total(x, x)));
    return total(unit(a), unit(b));
  }),
};
