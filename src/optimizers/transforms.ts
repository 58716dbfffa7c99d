import {
  absolute,
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
import type { Transform } from './program.js';

const square = (x: Expression): Expression => multiply(x, x);
/** decay * average + (1 - decay) * x */
const average = (old: Expression, x: Expression, decay: number): Expression =>
  add(multiply(constant(decay), old), multiply(constant(1 - decay), x));
/** average + (1 - decay) * (x - average): the same, rounded as PyTorch's `lerp_` and Keras round it. */
const approach = (old: Expression, x: Expression, decay: number): Expression =>
  add(old, multiply(constant(1 - decay), subtract(x, old)));

/**
 * Scales the gradient down so that its norm over all parameters is at most `limit`.
 * PyTorch's `clip_grad_norm_` divides by norm + 1e-6, Keras's `global_clipnorm` by the norm.
 */
export function clipByGlobalNorm(limit: number, style: 'pytorch' | 'keras'): Transform {
  const guard = style === 'pytorch' ? 1e-6 : 0;
  return {
    scalars: ({ norm }) => ({ clip: Math.min(1, limit / (norm('gradient') + guard)) }),
    apply: (gradient, builder) => multiply(builder.measure(gradient, 'all', { gradient }), scalar('clip')),
  };
}

/** Clamps every element to -limit..limit. */
export function clipByValue(limit: number): Transform {
  return { apply: (update) => minimum(maximum(update, constant(-limit)), constant(limit)) };
}

/** L2 penalty: adds weightDecay * parameter. */
export function addWeightDecay(): Transform {
  return {
    scalars: ({ weightDecay }) => ({ weightDecay }),
    apply: (update, { parameter }) => add(update, multiply(scalar('weightDecay'), parameter)),
  };
}

/** Shrinks the parameter by learningRate * weightDecay, apart from the gradient (Loshchilov and Hutter 2019). */
export function decoupleWeightDecay(): Transform {
  return {
    scalars: ({ learningRate, weightDecay }) => ({ shrink: 1 - learningRate * weightDecay }),
    apply: (update, builder) => {
      builder.parameter = multiply(builder.parameter, scalar('shrink'));
      return update;
    },
  };
}

/** Momentum as in PyTorch's SGD: the first step takes the update as it is, later ones (1 - dampening) of it. */
export function trace(options: { momentum: number; dampening?: number; nesterov?: boolean }): Transform {
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
  style: 'pytorch' | 'keras';
}): Transform {
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

/** Adam with Nesterov momentum and PyTorch's momentum decay (Dozat 2016). */
export function scaleByNadam(options: {
  betas: readonly [number, number];
  epsilon: number;
  momentumDecay: number;
}): Transform {
  const { betas, epsilon, momentumDecay } = options;
  const momentumAt = (step: number): number => betas[0] * (1 - 0.5 * 0.96 ** (step * momentumDecay));
  // Products of the momenta up to a step depend on nothing but the step; kept so that each step costs one product.
  const products = [1];
  const productAt = (step: number): number => {
    for (let next = products.length; next <= step; next++) {
      products.push((products[next - 1] ?? 1) * momentumAt(next));
    }
    return products[step] ?? 1;
  };
  return {
    states: { mean: 0, square: 0 },
    scalars: ({ step }) => ({
      correction: 1 - betas[1] ** step,
      gradientRate: (1 - momentumAt(step)) / (1 - productAt(step)),
      meanRate: momentumAt(step + 1) / (1 - productAt(step + 1)),
    }),
    apply: (update, builder) => {
      const mean = builder.store('mean', approach(lane('mean'), update, betas[0]));
      const squares = builder.store('square', average(lane('square'), square(update), betas[1]));
      const root = add(squareRoot(divide(squares, scalar('correction'))), constant(epsilon));
      const ahead = add(multiply(scalar('gradientRate'), update), multiply(scalar('meanRate'), mean));
      return divide(ahead, root);
    },
  };
}

/** Adam with the infinity norm (Kingma and Ba 2015, section 7.1). */
export function scaleByAdamax(options: {
  betas: readonly [number, number];
  epsilon: number;
  style: 'pytorch' | 'keras';
}): Transform {
  const { betas, style } = options;
  const epsilon = constant(options.epsilon);
  return {
    states: { mean: 0, largest: 0 },
    scalars: ({ step }) => ({ rate: 1 / (1 - betas[0] ** step) }),
    apply: (update, builder) => {
      const mean = builder.store('mean', approach(lane('mean'), update, betas[0]));
      const magnitude = style === 'keras' ? absolute(update) : add(absolute(update), epsilon);
      const decayed = multiply(constant(betas[1]), lane('largest'));
      const largest = builder.store('largest', maximum(decayed, magnitude));
      return multiply(divide(mean, style === 'keras' ? add(largest, epsilon) : largest), scalar('rate'));
    },
  };
}

/** Divides by the root of an average of squares (Tieleman and Hinton 2012), centred by the mean (Graves 2013). */
export function scaleByRms(options: {
  alpha: number;
  epsilon: number;
  centered: boolean;
  style: 'pytorch' | 'keras';
}): Transform {
  const { alpha, centered, style } = options;
  const epsilon = constant(options.epsilon);
  return {
    states: { square: 0, ...(centered ? { mean: 0 } : {}) },
    apply: (update, builder) => {
      let variance = builder.store('square', average(lane('square'), square(update), alpha));
      if (centered) {
        const mean = builder.store('mean', approach(lane('mean'), update, alpha));
        // Rounding can take a variance of nothing below zero, whose root PyTorch and Keras let be NaN.
        variance = maximum(subtract(variance, square(mean)), constant(0));
      }
      return divide(
        update,
        style === 'keras' ? squareRoot(add(variance, epsilon)) : add(squareRoot(variance), epsilon),
      );
    },
  };
}

/** Divides by the root of the sum of all squares so far (Duchi et al. 2011). */
export function scaleByAdagrad(options: {
  initialAccumulator: number;
  epsilon: number;
  style: 'pytorch' | 'keras';
}): Transform {
  const epsilon = constant(options.epsilon);
  return {
    states: { square: options.initialAccumulator },
    apply: (update, builder) => {
      const sum = builder.store('square', add(lane('square'), square(update)));
      return divide(update, options.style === 'keras' ? squareRoot(add(sum, epsilon)) : add(squareRoot(sum), epsilon));
    },
  };
}

/** Scales by the ratio of past steps to past gradients (Zeiler 2012). */
export function scaleByAdadelta(options: { rho: number; epsilon: number }): Transform {
  const { rho } = options;
  const root = (x: Expression): Expression => squareRoot(add(x, constant(options.epsilon)));
  return {
    states: { square: 0, stepSquare: 0 },
    apply: (update, builder) => {
      const squares = builder.store('square', average(lane('square'), square(update), rho));
      const delta = multiply(divide(root(lane('stepSquare')), root(squares)), update);
      builder.store('stepSquare', average(lane('stepSquare'), square(delta), rho));
      return delta;
    },
  };
}

/** LAMB's trust ratio: the update gets the norm of its parameter (You et al. 2020, without the bound phi). */
export function scaleByTrustRatio(): Transform {
  return {
    scalars: ({ norm, adapt }) => {
      const [weight, step] = [norm('weight'), norm('update')];
      return { trust: adapt && weight > 0 && step > 0 ? weight / step : 1 };
    },
    apply: (update, builder) =>
      multiply(builder.measure(update, 'parameter', { weight: builder.parameter, update }), scalar('trust')),
  };
}

/** LARS's local rate, with weight decay inside it (You et al. 2017, algorithm 1). */
export function scaleByLayerwiseRate(options: { trustCoefficient: number; epsilon: number }): Transform {
  const { trustCoefficient, epsilon } = options;
  return {
    scalars: ({ norm, adapt, weightDecay }) => {
      const [weight, gradient] = [norm('weight'), norm('layerGradient')];
      if (!adapt || weight === 0 || gradient === 0) return { weightDecay, local: 1 };
      return { weightDecay, local: (trustCoefficient * weight) / (gradient + weightDecay * weight + epsilon) };
    },
    apply: (update, builder) => {
      const norms = { weight: builder.parameter, layerGradient: update };
      const gradient = builder.measure(update, 'parameter', norms);
      return multiply(scalar('local'), add(gradient, multiply(scalar('weightDecay'), builder.parameter)));
    },
  };
}

/** Multiplies by the learning rate, which Adagrad lets fall as 1 / (1 + decay * steps so far). */
export function scaleByLearningRate(decay = 0): Transform {
  return {
    scalars: ({ step, learningRate }) => ({ learningRate: learningRate / (1 + (step - 1) * decay) }),
    apply: (update) => multiply(scalar('learningRate'), update),
  };
}

/** Takes the step: parameter - update. */
export function descend(): Transform {
  return {
    apply: (update, builder) => {
      builder.parameter = subtract(builder.parameter, update);
      return update;
    },
  };
}

/** Moves slow weights to the fast ones and back onto them (Zhang et al. 2019); only in steps that synchronise. */
export function lookahead(alpha: number, synchronise: boolean): Transform {
  return {
    states: { slow: 'weights' },
    apply: (update, builder) => {
      if (synchronise) builder.parameter = builder.store('slow', approach(lane('slow'), builder.parameter, 1 - alpha));
      return update;
    },
  };
}

/** Exponential moving average of the weights; the first step's weights start it, as in PyTorch and Keras. */
export function averageWeights(decay: number): Transform {
  return {
    states: { ema: 'weights' },
    scalars: ({ step }) => (step === 1 ? { keep: 0, take: 1 } : { keep: decay, take: 1 - decay }),
    apply: (update, builder) => {
      const old = multiply(scalar('keep'), lane('ema'));
      builder.store('ema', add(old, multiply(scalar('take'), builder.parameter)));
      return update;
    },
  };
}
