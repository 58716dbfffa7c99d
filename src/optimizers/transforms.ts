import {
  add,
  constant,
  divide,
  type Expression,
  lane,
  maximum,
  minimum,
  multiply,
  scalar,
  squareRoot,
  subtract,
} from '../kernels/index.js';
import type { Style } from './common.js';
import type { GradientTransform } from './program.js';

/** x * x */
export const square = (x: Expression): Expression => multiply(x, x);
/** decay * average + (1 - decay) * x */
export const average = (old: Expression, x: Expression, decay: number): Expression =>
  add(multiply(constant(decay), old), multiply(constant(1 - decay), x));
/** average + (1 - decay) * (x - average): the same, rounded as PyTorch's `lerp_` and Keras round it. */
export const approach = (old: Expression, x: Expression, decay: number): Expression =>
  add(old, multiply(constant(1 - decay), subtract(x, old)));

/**
 * Scales the gradient down so that its norm over all parameters is at most `limit`.
 * PyTorch's `clip_grad_norm_` divides by norm + 1e-6, Keras's `global_clipnorm` by the norm.
 */
export function clipByGlobalNorm(limit: number, style: Style): GradientTransform {
  const guard = style === 'pytorch' ? 1e-6 : 0;
  return {
    scalars: ({ norm }) => ({ clip: Math.min(1, limit / (norm('gradient') + guard)) }),
    apply: (gradient, builder) => multiply(builder.measure(gradient, 'all', { gradient }), scalar('clip')),
  };
}

/** Clamps every element to -limit..limit. */
export function clipByValue(limit: number): GradientTransform {
  return { apply: (update) => minimum(maximum(update, constant(-limit)), constant(limit)) };
}

/** L2 penalty: adds weightDecay * parameter. */
export function addWeightDecay(): GradientTransform {
  return {
    scalars: ({ weightDecay }) => ({ weightDecay }),
    apply: (update, { parameter }) => add(update, multiply(scalar('weightDecay'), parameter)),
  };
}

/** Shrinks the parameter by learningRate * weightDecay, apart from the gradient (Loshchilov and Hutter 2019). */
export function decoupleWeightDecay(): GradientTransform {
  return {
    scalars: ({ learningRate, weightDecay }) => ({ shrink: 1 - learningRate * weightDecay }),
    apply: (update, builder) => {
      builder.parameter = multiply(builder.parameter, scalar('shrink'));
      return update;
    },
  };
}

/** Momentum as in PyTorch's SGD: the first step takes the update as it is, later ones (1 - dampening) of it. */
function trace(options: { momentum: number; dampening?: number; nesterov?: boolean }): GradientTransform {
  const { momentum, dampening = 0, nesterov = false } = options;
  return {
    states: { momentum: 0 },
    scalars: (context) => ({ fresh: context.step === 1 ? 1 : 1 - dampening, momentum: context.momentum ?? momentum }),
    apply: (update, builder) => {
      const fresh = dampening === 0 ? update : multiply(scalar('fresh'), update);
      const velocity = builder.store('momentum', add(multiply(scalar('momentum'), lane('momentum')), fresh));
      return nesterov ? add(update, multiply(scalar('momentum'), velocity)) : velocity;
    },
  };
}

/** First and second moments with bias correction (Kingma and Ba 2015; AMSGrad: Reddi et al. 2018). */
export function scaleByAdam(options: {
  betas: readonly [number, number];
  epsilon: number;
  amsgrad: boolean;
  style: Style;
}): GradientTransform {
  const { betas, epsilon, amsgrad, style } = options;
  return {
    states: { mean: 0, square: 0, ...(amsgrad ? { largestSquare: 0 } : {}) },
    scalars: ({ step, momentum = betas[0] }) => {
      const news = 1 - momentum;
      if (style === 'keras') {
        // Keras raises betas in float32, where 1 - 0.999 is off by 1e-5; and it adds epsilon before the correction.
        const [first, second] = [momentum, betas[1]].map((beta) =>
          Math.fround(1 - Math.fround(Math.fround(beta) ** step)),
        );
        return { news, rate: Math.sqrt(second ?? NaN) / (first ?? NaN) };
      }
      return { news, root: Math.sqrt(1 - betas[1] ** step), rate: 1 / (1 - momentum ** step) };
    },
    apply: (update, builder) => {
      const old = lane('mean');
      const mean = builder.store('mean', add(old, multiply(scalar('news'), subtract(update, old))));
      let squares = builder.store('square', average(lane('square'), square(update), betas[1]));
      if (amsgrad) squares = builder.store('largestSquare', maximum(lane('largestSquare'), squares));
      const root = style === 'keras' ? squareRoot(squares) : divide(squareRoot(squares), scalar('root'));
      return multiply(divide(mean, add(root, constant(epsilon))), scalar('rate'));
    },
  };
}

/** Multiplies by the learning rate, which Adagrad lets fall as 1 / (1 + decay * steps so far). */
export function scaleByLearningRate(decay = 0): GradientTransform {
  return {
    scalars: ({ step, learningRate }) => ({ learningRate: learningRate / (1 + (step - 1) * decay) }),
    apply: (update) => multiply(scalar('learningRate'), update),
  };
}

/**
 * Momentum and the learning rate. Keras's velocity holds steps, PyTorch's momentum gradients: the two differ as soon as
 * the learning rate changes.
 */
export function momentumAndRate(
  style: Style,
  options: { momentum: number; dampening?: number; nesterov?: boolean },
): GradientTransform[] {
  const links = [...(options.momentum === 0 ? [] : [trace(options)]), scaleByLearningRate()];
  return style === 'keras' ? links.reverse() : links;
}

/** Takes the step: parameter - update. */
export function descend(): GradientTransform {
  return {
    apply: (update, builder) => {
      builder.parameter = subtract(builder.parameter, update);
      return update;
    },
  };
}

/** Moves slow weights to the fast ones and back onto them (Zhang et al. 2019); only in steps that synchronise. */
export function lookahead(alpha: number, synchronise: boolean): GradientTransform {
  return {
    states: { slow: 'weights' },
    apply: (update, builder) => {
      if (synchronise) builder.parameter = builder.store('slow', approach(lane('slow'), builder.parameter, 1 - alpha));
      return update;
    },
  };
}

/**
 * Exponential moving average of the weights; the first step's weights start it, as in PyTorch and Keras. With a ramp the
 * decay is at most (1 + t) / (10 + t), t being the steps before this one: TensorFlow's `ExponentialMovingAverage`.
 */
export function averageWeights({ decay, ramp }: { decay: number; ramp: boolean }): GradientTransform {
  const decayAt = (before: number): number => (ramp ? Math.min(decay, (1 + before) / (10 + before)) : decay);
  return {
    states: { ema: 'weights' },
    scalars: ({ step }) => {
      const keep = step === 1 ? 0 : decayAt(step - 1);
      return { keep, take: 1 - keep };
    },
    apply: (update, builder) => {
      const old = multiply(scalar('keep'), lane('ema'));
      builder.store('ema', add(old, multiply(scalar('take'), builder.parameter)));
      return update;
    },
  };
}
