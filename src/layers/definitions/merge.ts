import { type Tensor, tf } from '../../base/tf.js';
import {
  addAll,
  type BinaryOp,
  binary,
  broadcastShape,
  concatenate,
  type GraphBuilder,
  reduce,
  scale,
  unary,
  type Value,
} from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { type Lowering, several } from '../scope.js';
import { type BatchShape, baseOptions, type LayerOptions, type SerializedConfig } from '../tfjs-layer.js';

/** Applies an op of two from left to right. */
function fold(op: BinaryOp): Lowering {
  return several(({ graph }, inputs) => inputs.reduce((left, right) => binary(graph, op, left, right)));
}

function sum(graph: GraphBuilder, inputs: readonly Value[]): Value {
  const [first, ...rest] = inputs as readonly [Value, ...Value[]];
  const same = rest.every((input) => input.shape.every((size, axis) => size === first.shape[axis]));
  return same ? addAll(graph, inputs) : inputs.reduce((left, right) => binary(graph, 'AddV2', left, right));
}

/** A layer that joins branches and has no arguments. */
function join(className: string, lower: Lowering): void {
  defineLayer({ className, arguments: {}, lower });
}

join(
  'Add',
  several(({ graph }, inputs) => sum(graph, inputs)),
);
join(
  'Average',
  several(({ graph }, inputs) => scale(graph, sum(graph, inputs), 1 / inputs.length)),
);
/** Two branches, the second taken from or dividing the first; tfjs has neither. */
abstract class TwoBranches extends tf.layers.Layer {
  protected abstract joined(a: Tensor, b: Tensor): Tensor;

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const [a = [], b = []] = inputShape as BatchShape[];
    const longer = a.length >= b.length ? a : b;
    const at = (shape: BatchShape, axis: number) => shape.at(axis - longer.length) ?? 1;
    return longer.map((_, axis) => (axis === 0 ? null : Math.max(at(a, axis), at(b, axis))));
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [a, b, ...more] = inputs as Tensor[];
    if (a === undefined || b === undefined || more.length > 0)
      throw new TypeError(`layer ${this.name} takes two inputs`);
    return tf.tidy(() => this.joined(a, b));
  }
}

class Subtract extends TwoBranches {
  static readonly className = 'Subtract';

  protected override joined(a: Tensor, b: Tensor): Tensor {
    return tf.sub(a, b);
  }
}

class Divide extends TwoBranches {
  static readonly className = 'Divide';

  protected override joined(a: Tensor, b: Tensor): Tensor {
    return tf.div(a, b);
  }
}

/** The sum that Keras Applications' Inception-ResNet v2 makes: a branch and `scale` times another. */
class CustomScaleLayer extends TwoBranches {
  static readonly className = 'CustomScaleLayer';
  readonly #scale: number;

  constructor(options: LayerOptions & { readonly scale?: number } = {}) {
    super(baseOptions(options));
    this.#scale = options.scale ?? 1;
  }

  protected override joined(a: Tensor, b: Tensor): Tensor {
    return tf.add(a, tf.mul(b, this.#scale));
  }

  override getConfig(): SerializedConfig {
    return { ...super.getConfig(), scale: this.#scale };
  }
}

defineLayer({
  className: CustomScaleLayer.className,
  layer: CustomScaleLayer,
  described: true,
  arguments: { scale: kept },
  lower: several(({ graph, settings }, [a, b]) =>
    binary(graph, 'AddV2', a as Value, scale(graph, b as Value, settings.number('scale', 1))),
  ),
});

for (const [layer, op] of [
  [Subtract, 'Sub'],
  [Divide, 'RealDiv'],
] as const) {
  defineLayer({ className: layer.className, layer, described: true, arguments: {}, lower: fold(op) });
}

join('Multiply', fold('Mul'));
join('Maximum', fold('Maximum'));
join('Minimum', fold('Minimum'));

defineLayer({
  className: 'Concatenate',
  arguments: { axis: kept },
  lower: several((scope, inputs) => {
    const first = inputs[0] as Value;
    const axis = scope.settings.number('axis', -1);
    const place = axis < 0 ? first.shape.length + axis : axis;
    const fits = inputs.every((input) => input.shape.every((size, at) => at === place || size === first.shape[at]));
    if (!fits) throw new RangeError(`sizes differ outside axis ${place}`);
    return concatenate(scope.graph, inputs, place);
  }),
});

/** Scalar products of vectors, of unit length first if `normalize` is set. */
defineLayer({
  className: 'Dot',
  arguments: { axes: kept, normalize: kept },
  lower: several((scope, inputs) => {
    const { graph, settings } = scope;
    const [a, b] = inputs as readonly [Value, Value];
    if (a.shape.length !== 2 || broadcastShape(a.shape, b.shape) === undefined) {
      throw new RangeError('Dot of other than two vectors a sample');
    }
    const total = (left: Value, right: Value): Value =>
      reduce(graph, 'Sum', binary(graph, 'Mul', left, right), [1], true);
    if (!settings.boolean('normalize', false)) return total(a, b);
    const unit = (x: Value): Value => binary(graph, 'Mul', x, unary(graph, 'Rsqrt', total(x, x)));
    return total(unit(a), unit(b));
  }),
});
