/** Calls of our ops, and changes that make each of them wrong. */
import type { RandomStream } from '../../src/base/random.js';

/** An input: its shape and type. All of them are zeros, but `first`. */
interface Input {
  shape: number[];
  type: 'T' | 'float32' | 'uint8' | 'int32';
  data?: readonly number[];
}

/** A call of an op by its arguments' names. */
export interface WrongCall {
  readonly op: string;
  readonly type: 'float32' | 'bfloat16';
  readonly lists: Record<string, number[]>;
  readonly floats: Record<string, number>;
  readonly inputs: Input[];
  readonly outputs: number;
  /** What was made wrong. */
  readonly wrong: string;
}

type Fitting = Omit<WrongCall, 'op' | 'type' | 'wrong'>;
type Draw = (least: number, most: number) => number;

const tensor = (shape: readonly number[], type: Input['type'] = 'T'): Input => ({ shape: [...shape], type });

/** Sizes of a convolution of stride 1 before a pooling by 2x2, SAME or VALID. */
function convolution(draw: Draw) {
  const [images, inputs, outputs] = [draw(1, 3), draw(1, 20), draw(1, 20)];
  const kernel = [draw(1, 4), draw(1, 4)];
  const same = draw(0, 1);
  const size = kernel.map((side) => side + draw(4, 9));
  const padding = kernel.map((side) => same * ((side - 1) >> 1));
  const convolved = size.map((side, axis) => (same === 1 ? side : side - (kernel[axis] as number) + 1));
  const pooled = convolved.map((side) => side >> 1);
  const [x, y] = [
    [images, ...size, inputs],
    [images, ...pooled, outputs],
  ];
  const filter = [...kernel, inputs, outputs];
  return { images, outputs, kernel, padding, size, pooled, convolved, x, y, filter, window: [2, 2] };
}

/** The same with a filter that minimal filtering takes. */
function square(draw: Draw) {
  const [images, inputs, outputs, side, same] = [draw(1, 3), draw(1, 20), draw(1, 20), 3 + 2 * draw(0, 1), draw(0, 1)];
  const size = [side + draw(0, 9), side + draw(0, 9)];
  const convolved = size.map((length) => (same === 1 ? length : length - side + 1));
  const x = [images, ...size, inputs];
  const y = [images, ...convolved, outputs];
  return { x, y, convolved, outputs, kernel: [side, side], padding: [0, 0].map(() => same * ((side - 1) >> 1)) };
}

/** A call that fits, of every op. */
const fitting: Readonly<Record<string, (draw: Draw) => Fitting>> = {
  ConvoyMaxPool: (draw) => {
    const { x, window } = convolution(draw);
    return { lists: { window }, floats: {}, inputs: [tensor(x)], outputs: 2 };
  },
  ConvoyMaxPoolGrad: (draw) => {
    const { pooled, images, window } = convolution(draw);
    const shape = [images, ...pooled, 3];
    const size = pooled.map((side) => 2 * side);
    return { lists: { window, size }, floats: {}, inputs: [tensor(shape), tensor(shape, 'uint8')], outputs: 1 };
  },
  ConvoyPooledConvolution: (draw) => {
    const { x, filter, outputs, padding, pooled } = convolution(draw);
    const inputs = [tensor(x), tensor(filter), tensor([outputs])];
    return { lists: { padding, size: pooled }, floats: {}, inputs, outputs: 2 };
  },
  ConvoyPooledConvolutionInto: (draw) => {
    const { x, y, filter, outputs, padding, pooled } = convolution(draw);
    const inputs = [tensor(x), tensor(filter), tensor([outputs]), tensor(y)];
    return { lists: { padding, size: pooled }, floats: {}, inputs, outputs: 2 };
  },
  ConvoyPooledFilterGrad: (draw) => {
    const { x, y, kernel, padding, window } = convolution(draw);
    const inputs = [tensor(x), tensor(y), tensor(y, 'uint8')];
    return { lists: { window, kernel, padding }, floats: {}, inputs, outputs: 2 };
  },
  ConvoyPooledInputGrad: (draw) => {
    const { y, filter, size, padding, window } = convolution(draw);
    const inputs = [tensor(filter), tensor(y), tensor(y, 'uint8')];
    return { lists: { window, padding, size }, floats: {}, inputs, outputs: 1 };
  },
  ConvoyNarrowDropout: (draw) => {
    const { x, filter, images, outputs, convolved, padding } = convolution(draw);
    const inputs = [tensor(x), tensor(filter), tensor([outputs]), tensor([images, ...convolved, outputs], 'uint8')];
    return { lists: { padding }, floats: {}, inputs, outputs: 1 };
  },
  ConvoyNarrowFilterGrad: (draw) => {
    const { x, images, outputs, convolved, kernel, padding } = convolution(draw);
    const y = [images, ...convolved, outputs];
    return { lists: { kernel, padding }, floats: {}, inputs: [tensor(x), tensor(y), tensor(y)], outputs: 2 };
  },
  ConvoyWinogradConvolution: (draw) => {
    const { x, convolved, outputs, kernel, padding } = square(draw);
    const inputs = [tensor(x), tensor([...kernel, x[3] as number, outputs]), tensor([outputs])];
    return { lists: { padding, size: convolved }, floats: {}, inputs, outputs: 1 };
  },
  ConvoyWinogradFilterGrad: (draw) => {
    const { x, y, kernel, padding } = square(draw);
    return { lists: { kernel, padding }, floats: {}, inputs: [tensor(x), tensor(y)], outputs: 2 };
  },
  ConvoyProduct: (draw) => {
    const [samples, rows, columns] = [draw(1, 30), draw(1, 30), draw(1, 30)];
    const [a, b] = [tensor([samples, rows]), tensor([samples, columns], 'float32')];
    const first: Input = { shape: [2], type: 'int32', data: [0, 0] };
    const inputs = [a, b, tensor([samples, 1], 'float32'), first, tensor([1, rows, columns], 'float32')];
    return { lists: {}, floats: {}, inputs, outputs: 1 };
  },
  ConvoyRowProducts: (draw) => {
    const inner = draw(1, 90);
    const inputs = [tensor([draw(1, 40), inner], 'float32'), tensor([draw(1, 40), inner], 'float32')];
    return { lists: {}, floats: {}, inputs, outputs: 1 };
  },
  ConvoyBatchStatistics: (draw) => normalization(draw, ['x'], 2, 4),
  ConvoyBatchNorm: (draw) => ({ ...normalization(draw, ['x'], 3, 1), floats: {} }),
  ConvoyBatchNormGrad: (draw) => normalization(draw, ['gradient', 'x'], 4, 3),
};

function normalization(draw: Draw, batches: readonly string[], vectors: number, outputs: number): Fitting {
  const shape = [draw(1, 4), draw(1, 6), draw(2, 20)];
  const inputs = [
    ...batches.map(() => tensor(shape)),
    ...Array.from({ length: vectors }, () => tensor(shape.slice(2), 'float32')),
  ];
  return { lists: {}, floats: { epsilon: 1e-3 }, inputs, outputs };
}

/** Makes a call that fits into one that surely does not: changes what several arguments must agree on, or a limit. */
function spoil(op: string, { lists, floats, inputs }: Fitting, draw: Draw): string {
  const names = Object.keys(lists);
  const kind = draw(0, names.length > 0 ? 2 : 0);
  if (kind === 0) {
    // A rank that no op has; or, of one input, another size of the last axis, which others have to agree with.
    const which = draw(0, inputs.length - 1);
    const input = inputs[which] as Input;
    const agrees = !['ConvoyMaxPool'].includes(op) && input.shape.length > 1 && op !== 'ConvoyProduct';
    if (agrees && draw(0, 1) === 1) {
      input.shape[input.shape.length - 1] = (input.shape.at(-1) as number) + draw(1, 3);
      // Gradients of filters take any number of channels, but of as many images.
      if (op.endsWith('FilterGrad') && (which === 0 || op === 'ConvoyWinogradFilterGrad'))
        input.shape[0] = (input.shape[0] as number) + 1;
      return `another last axis of input ${which}`;
    }
    input.shape = Array.from({ length: 9 }, () => 1);
    delete input.data;
    return `nine axes of input ${which}`;
  }
  const name = names[draw(0, names.length - 1)] as string;
  const list = lists[name] as number[];
  if (kind === 1) {
    lists[name] = Array.from({ length: draw(0, 1) === 0 ? draw(0, 1) : draw(3, 6) }, () => 1);
    return `${lists[name]?.length} numbers of ${name}`;
  }
  // No window, filter or image is so large or not positive; no padding is so large or negative.
  const strange = [
    -(2 ** 31),
    -1,
    -17,
    2 ** 24 + 1,
    2 ** 31 - 1,
    name === 'padding' ? 300 : 0,
    name === 'window' ? 256 : -2,
  ];
  list[draw(0, 1)] = strange[draw(0, strange.length - 1)] as number;
  if (Object.keys(floats).length > 0 && draw(0, 9) === 0) floats['epsilon'] = -1;
  return `${name} of ${list.join(' x ')}`;
}

/** Names of all ops that there are calls of. */
export const opsWithCalls = Object.keys(fitting);

/** A call of a random op that does not fit. */
export function wrongCall(stream: RandomStream): WrongCall {
  const draw: Draw = (least, most) => least + stream.below(most - least + 1);
  const op = opsWithCalls[draw(0, opsWithCalls.length - 1)] as string;
  const call = (fitting[op] as (draw: Draw) => Fitting)(draw);
  const wrong = spoil(op, call, draw);
  return { op, type: draw(0, 1) === 0 ? 'float32' : 'bfloat16', ...call, wrong };
}

/** The same call before it was made wrong. */
export function fittingCall(op: string, stream: RandomStream): WrongCall {
  const draw: Draw = (least, most) => least + stream.below(most - least + 1);
  const type = draw(0, 1) === 0 ? 'float32' : 'bfloat16';
  return { op, type, ...(fitting[op] as (draw: Draw) => Fitting)(draw), wrong: 'nothing' };
}
