import { type Tensor, tf } from '../../base/tf.js';
import { type BinaryOp, binary, type Value } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';

/** Operations of a tensor with numbers. */
const operations: Readonly<
  Record<string, { readonly op: BinaryOp; readonly apply: (a: Tensor, b: Tensor) => Tensor }>
> = {
  add: { op: 'AddV2', apply: (a, b) => tf.add(a, b) },
  subtract: { op: 'Sub', apply: (a, b) => tf.sub(a, b) },
  multiply: { op: 'Mul', apply: (a, b) => tf.mul(a, b) },
  divide: { op: 'RealDiv', apply: (a, b) => tf.div(a, b) },
  maximum: { op: 'Maximum', apply: (a, b) => tf.maximum(a, b) },
  minimum: { op: 'Minimum', apply: (a, b) => tf.minimum(a, b) },
};

/** What a layer does, the constant's numbers (one, or one a channel), and whether it stands first. */
function read(settings: LayerSettings) {
  const operation = operations[settings.string('operation', '')];
  if (operation === undefined) throw new RangeError(`the operation ${settings.string('operation', '')}`);
  return {
    ...operation,
    constant: settings.numbers('constant') ?? [],
    first: settings.boolean('constantFirst', false),
  };
}

/**
 * A tensor and a constant, as Keras's operators give them in a functional model: `x / 127.5 - 1`. `operation` is add, subtract,
 * multiply, divide, maximum or minimum; `constant` one number or one a channel, the first operand with `constantFirst`.
 */
export class WithConstant extends OwnLayer {
  static readonly className = 'WithConstant';

  protected override compute(x: Tensor): Tensor {
    const { apply, constant, first } = read(this.settings);
    const numbers = constant.length === 1 ? tf.scalar(constant[0] as number) : tf.tensor1d([...constant]);
    return first ? apply(numbers, x) : apply(x, numbers);
  }
}

defineLayer({
  className: WithConstant.className,
  layer: WithConstant,
  arguments: { operation: kept, constant: kept, constant_first: kept },
  lower: single(({ graph, settings }, x) => {
    const { op, constant, first } = read(settings);
    const shape = constant.length === 1 ? [] : [constant.length];
    const numbers: Value = graph.constant(constant, x.type, shape);
    return first ? binary(graph, op, numbers, x) : binary(graph, op, x, numbers);
  }),
});
