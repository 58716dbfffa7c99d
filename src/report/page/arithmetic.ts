/** How one output of a layer comes from its inputs: the numbers of the explainer. Pure, so that tests run it too. */
import type { ExplainerStep } from '../types.js';

/** A value with its sizes; a vector has [n]. */
export interface Grid {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Place of an output: of a vector only `channel` counts. */
export interface Place {
  readonly y: number;
  readonly x: number;
  readonly channel: number;
}

/** One product of a sum, or one value that a window sees. */
export interface Term extends Place {
  readonly input: number;
  readonly weight: number;
}

/** The part of the input that an output is computed from; it may reach beyond the edges. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly dilation: readonly [number, number];
}

export interface Explained {
  readonly window?: Window;
  /** Only those within the input: padding adds 0. */
  readonly terms: readonly Term[];
  /** Places of the window beyond the edges. */
  readonly padded: number;
  readonly bias?: number;
  /** Before the activation. */
  readonly sum: number;
  readonly result: number;
}

/** Pixels of padding before the first row or column, as TensorFlow has it: the larger half comes behind. */
export function paddingBefore(
  size: number,
  window: number,
  stride: number,
  padding: 'same' | 'valid',
  dilation = 1,
): number {
  if (padding === 'valid') return 0;
  const reach = (window - 1) * dilation + 1;
  const outputs = Math.ceil(size / stride);
  return Math.floor(Math.max(0, (outputs - 1) * stride + reach - size) / 2);
}

function at({ shape, values }: Grid, y: number, x: number, channel: number): number {
  if (shape.length === 1) return values[channel] ?? 0;
  const [height = 1, width = 1, channels = 1] = shape;
  if (y < 0 || x < 0 || y >= height || x >= width) return 0;
  return values[(y * width + x) * channels + channel] ?? 0;
}

/** Activations that the explainer computes; of another it shows the layer's own output. */
const activations: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  elu: (x) => (x >= 0 ? x : Math.expm1(x)),
  swish: (x) => x / (1 + Math.exp(-x)),
};

/**
 * Explains one output.
 *
 * @param inputs what the step takes, in its order.
 * @param weights the kernel, unpacked, where the step has one.
 * @param output what the layer gave, for activations that are not computed here.
 * @returns undefined for a step that is not explained.
 */
export function explain(
  step: ExplainerStep,
  place: Place,
  inputs: readonly Grid[],
  weights?: ArrayLike<number>,
  output?: Grid,
): Explained | undefined {
  const [input] = inputs;
  if (input === undefined) return undefined;
  switch (step.kind) {
    case 'convolution':
    case 'depthwise':
      return convolution(step, place, input, weights, output);
    case 'max-pooling':
    case 'average-pooling':
      return pooling(step, place, input);
    case 'global-pooling': {
      const [height = 1, width = 1] = input.shape;
      const window = { top: 0, left: 0, height, width, dilation: [1, 1] as const };
      const { terms } = seen(input, window, [place.channel]);
      const sum = terms.reduce((total, term) => total + term.input, 0) / (height * width);
      return {
        window,
        terms: terms.map((term) => ({ ...term, weight: 1 / (height * width) })),
        padded: 0,
        sum,
        result: sum,
      };
    }
    case 'dense':
      return dense(step, place, input, weights, output);
    case 'normalization': {
      const value = at(input, place.y, place.x, place.channel);
      const [weight, bias] = [step.scale?.[place.channel] ?? 1, step.offset?.[place.channel] ?? 0];
      const sum = value * weight + bias;
      return { terms: [{ ...place, input: value, weight }], padded: 0, bias, sum, result: sum };
    }
    case 'activation': {
      const value = at(input, place.y, place.x, place.channel);
      const own = activated(step.activation, value, place, output);
      return { terms: [{ ...place, input: value, weight: 1 }], padded: 0, sum: value, result: own };
    }
    case 'sum': {
      const terms = inputs.map((each) => ({ ...place, input: at(each, place.y, place.x, place.channel), weight: 1 }));
      const sum = terms.reduce((total, term) => total + term.input, 0);
      return { terms, padded: 0, sum, result: sum };
    }
    case 'same': {
      const value = at(input, place.y, place.x, place.channel);
      return { terms: [{ ...place, input: value, weight: 1 }], padded: 0, sum: value, result: value };
    }
    case 'flatten': {
      const [, width = 1, channels = 1] = input.shape;
      const from = {
        y: Math.floor(place.channel / (width * channels)),
        x: Math.floor(place.channel / channels) % width,
        channel: place.channel % channels,
      };
      const value = at(input, from.y, from.x, from.channel);
      return { terms: [{ ...from, input: value, weight: 1 }], padded: 0, sum: value, result: value };
    }
    case 'softmax': {
      const all = Array.from(input.values);
      const highest = Math.max(...all);
      const total = all.reduce((sum, value) => sum + Math.exp(value - highest), 0);
      const terms = all.map((value, channel) => ({
        y: 0,
        x: 0,
        channel,
        input: value,
        weight: Math.exp(value - highest) / total,
      }));
      const own = terms[place.channel]?.weight ?? 0;
      return { terms, padded: 0, sum: all[place.channel] ?? 0, result: own };
    }
    default:
      return undefined;
  }
}

/** Windows of inputs, those beyond the edges counted. */
function seen(input: Grid, window: Window, channels: readonly number[]): { terms: Term[]; padded: number } {
  const [height = 1, width = 1] = input.shape;
  const terms: Term[] = [];
  let padded = 0;
  for (let row = 0; row < window.height; row++) {
    for (let column = 0; column < window.width; column++) {
      const y = window.top + row * window.dilation[0];
      const x = window.left + column * window.dilation[1];
      if (y < 0 || x < 0 || y >= height || x >= width) padded += 1;
      else for (const channel of channels) terms.push({ y, x, channel, input: at(input, y, x, channel), weight: 1 });
    }
  }
  return { terms, padded };
}

/** The window of an output pixel. */
export function windowAt(step: ExplainerStep, { y, x }: Pick<Place, 'y' | 'x'>, input: Grid): Window | undefined {
  if (step.window === undefined) return undefined;
  const { size, strides, padding, dilation } = step.window;
  const [height = 1, width = 1] = input.shape;
  return {
    top: y * strides[0] - paddingBefore(height, size[0], strides[0], padding, dilation[0]),
    left: x * strides[1] - paddingBefore(width, size[1], strides[1], padding, dilation[1]),
    height: size[0],
    width: size[1],
    dilation,
  };
}

function convolution(
  step: ExplainerStep,
  place: Place,
  input: Grid,
  weights: ArrayLike<number> | undefined,
  output: Grid | undefined,
): Explained | undefined {
  const window = windowAt(step, place, input);
  if (window === undefined || weights === undefined || place.channel >= (step.shown ?? 0)) return undefined;
  const { shown = 1 } = step;
  const depthwise = step.kind === 'depthwise';
  const channels = depthwise ? [place.channel] : Array.from({ length: input.shape[2] ?? 1 }, (_, channel) => channel);
  const { terms, padded } = seen(input, window, channels);
  const weighted = terms.map((term) => {
    const row = (term.y - window.top) / window.dilation[0];
    const column = (term.x - window.left) / window.dilation[1];
    const pixel = row * window.width + column;
    const weight = depthwise
      ? weights[pixel * shown + place.channel]
      : weights[(pixel * channels.length + term.channel) * shown + place.channel];
    return { ...term, weight: weight ?? 0 };
  });
  return { window, padded, ...finished(step, weighted, place, output) };
}

function pooling(step: ExplainerStep, place: Place, input: Grid): Explained | undefined {
  const window = windowAt(step, place, input);
  if (window === undefined) return undefined;
  const { terms, padded } = seen(input, window, [place.channel]);
  if (step.kind === 'average-pooling') {
    const weight = 1 / Math.max(1, terms.length);
    const sum = terms.reduce((total, term) => total + term.input, 0) * weight;
    return { window, terms: terms.map((term) => ({ ...term, weight })), padded, sum, result: sum };
  }
  const largest = terms.reduce((most, term) => Math.max(most, term.input), Number.NEGATIVE_INFINITY);
  const chosen = terms.findIndex((term) => term.input === largest);
  const marked = terms.map((term, index) => ({ ...term, weight: index === chosen ? 1 : 0 }));
  return { window, terms: marked, padded, sum: largest, result: largest };
}

function dense(
  step: ExplainerStep,
  place: Place,
  input: Grid,
  weights: ArrayLike<number> | undefined,
  output: Grid | undefined,
): Explained | undefined {
  const { shown = 0 } = step;
  if (weights === undefined || place.channel >= shown) return undefined;
  const terms = Array.from(input.values, (value, channel) => ({
    y: 0,
    x: 0,
    channel,
    input: value,
    weight: weights[channel * shown + place.channel] ?? 0,
  }));
  return { padded: 0, ...finished(step, terms, place, output) };
}

function finished(
  step: ExplainerStep,
  terms: readonly Term[],
  place: Place,
  output: Grid | undefined,
): Pick<Explained, 'terms' | 'bias' | 'sum' | 'result'> {
  const bias = step.bias?.[place.channel];
  const sum = terms.reduce((total, term) => total + term.input * term.weight, bias ?? 0);
  const result = activated(step.activation, sum, place, output);
  return { terms, ...(bias === undefined ? {} : { bias }), sum, result };
}

function activated(name: string | undefined, value: number, place: Place, output: Grid | undefined): number {
  const known = activations[name ?? 'linear'];
  if (known !== undefined) return known(value);
  return output === undefined ? Number.NaN : at(output, place.y, place.x, place.channel);
}
