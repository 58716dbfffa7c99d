import type { Transform } from './program.js';
import type { ParsedSpec } from './spec.js';
import {
  addWeightDecay,
  averageWeights,
  clipByGlobalNorm,
  clipByValue,
  decoupleWeightDecay,
  descend,
  lookahead,
  scaleByAdadelta,
  scaleByAdagrad,
  scaleByAdam,
  scaleByAdamax,
  scaleByLayerwiseRate,
  scaleByLearningRate,
  scaleByNadam,
  scaleByRms,
  scaleByTrustRatio,
  trace,
} from './transforms.js';

type Named<Name extends ParsedSpec['name']> = Extract<ParsedSpec, { name: Name }>;

const defaultBetas = [0.9, 0.999] as const;
/** Keras's for every optimizer. */
const kerasEpsilon = 1e-7;

/** Coupled as in PyTorch, or decoupled as in all of Keras's optimizers; nothing where no run decays. */
function decay(spec: ParsedSpec, decays: boolean): Transform[] {
  if (!decays) return [];
  return [spec.style === 'keras' || spec.name === 'adamw' ? decoupleWeightDecay() : addWeightDecay()];
}

interface MomentumOptions {
  readonly momentum?: number | undefined;
  readonly dampening?: number | undefined;
  readonly nesterov?: boolean | undefined;
}

function momentum({ momentum = 0, dampening = 0, nesterov = false }: MomentumOptions): Transform[] {
  return momentum === 0 ? [] : [trace({ momentum, dampening, nesterov })];
}

function sgd(spec: Named<'sgd'>, decays: boolean): Transform[] {
  // Keras's velocity holds steps, PyTorch's momentum gradients: they differ as soon as the learning rate changes.
  const links = [...momentum(spec), scaleByLearningRate()];
  return [...decay(spec, decays), ...(spec.style === 'keras' ? links.reverse() : links)];
}

function adam(spec: Named<'adam'> | Named<'adamw'>, decays: boolean): Transform[] {
  const { betas = defaultBetas, style = 'pytorch', amsgrad = false } = spec;
  const epsilon = spec.epsilon ?? (style === 'keras' ? kerasEpsilon : 1e-8);
  return [...decay(spec, decays), scaleByAdam({ betas, epsilon, amsgrad, style }), scaleByLearningRate()];
}

function rmsprop(spec: Named<'rmsprop'>, decays: boolean): Transform[] {
  const { style = 'pytorch', centered = false } = spec;
  const alpha = spec.alpha ?? (style === 'keras' ? 0.9 : 0.99);
  const epsilon = spec.epsilon ?? (style === 'keras' ? kerasEpsilon : 1e-8);
  const links = [...momentum(spec), scaleByLearningRate()];
  return [
    ...decay(spec, decays),
    scaleByRms({ alpha, epsilon, centered, style }),
    ...(style === 'keras' ? links.reverse() : links),
  ];
}

function adagrad(spec: Named<'adagrad'>, decays: boolean): Transform[] {
  const { style = 'pytorch' } = spec;
  const initialAccumulator = spec.initialAccumulator ?? (style === 'keras' ? 0.1 : 0);
  const epsilon = spec.epsilon ?? (style === 'keras' ? kerasEpsilon : 1e-10);
  return [
    ...decay(spec, decays),
    scaleByAdagrad({ initialAccumulator, epsilon, style }),
    scaleByLearningRate(spec.learningRateDecay),
  ];
}

function adadelta(spec: Named<'adadelta'>, decays: boolean): Transform[] {
  const rho = spec.rho ?? (spec.style === 'keras' ? 0.95 : 0.9);
  const epsilon = spec.epsilon ?? (spec.style === 'keras' ? kerasEpsilon : 1e-6);
  return [...decay(spec, decays), scaleByAdadelta({ rho, epsilon }), scaleByLearningRate()];
}

function nadam(spec: Named<'nadam'>, decays: boolean): Transform[] {
  const { betas = defaultBetas } = spec;
  const epsilon = spec.epsilon ?? (spec.style === 'keras' ? kerasEpsilon : 1e-8);
  // Keras's schedule is 0.96 ** step, which is PyTorch's 0.96 ** (step * momentumDecay) with a decay of 1.
  const momentumDecay = spec.momentumDecay ?? (spec.style === 'keras' ? 1 : 0.004);
  return [...decay(spec, decays), scaleByNadam({ betas, epsilon, momentumDecay }), scaleByLearningRate()];
}

function adamax(spec: Named<'adamax'>, decays: boolean): Transform[] {
  const { betas = defaultBetas, style = 'pytorch' } = spec;
  const epsilon = spec.epsilon ?? (style === 'keras' ? kerasEpsilon : 1e-8);
  return [...decay(spec, decays), scaleByAdamax({ betas, epsilon, style }), scaleByLearningRate()];
}

function lamb(spec: Named<'lamb'>, decays: boolean): Transform[] {
  const { betas = defaultBetas, style = 'pytorch' } = spec;
  const epsilon = spec.epsilon ?? (style === 'keras' ? kerasEpsilon : 1e-6);
  // The paper adds the decay to Adam's update, before the norms; Keras decouples it.
  const moments = scaleByAdam({ betas, epsilon, amsgrad: false, style: 'pytorch' });
  const links = style === 'keras' ? [...decay(spec, decays), moments] : [moments, ...decay(spec, decays)];
  return [...links, scaleByTrustRatio(), scaleByLearningRate()];
}

function lars(spec: Named<'lars'>): Transform[] {
  const { trustCoefficient = 0.001, epsilon = 1e-8, momentum: mass = 0.9, nesterov } = spec;
  return [
    scaleByLayerwiseRate({ trustCoefficient, epsilon }),
    scaleByLearningRate(),
    ...momentum({ momentum: mass, nesterov }),
  ];
}

function named(spec: ParsedSpec, decays: boolean): Transform[] {
  switch (spec.name) {
    case 'sgd':
      return sgd(spec, decays);
    case 'adam':
    case 'adamw':
      return adam(spec, decays);
    case 'rmsprop':
      return rmsprop(spec, decays);
    case 'adagrad':
      return adagrad(spec, decays);
    case 'adadelta':
      return adadelta(spec, decays);
    case 'nadam':
      return nadam(spec, decays);
    case 'adamax':
      return adamax(spec, decays);
    case 'lamb':
      return lamb(spec, decays);
    case 'lars':
      return lars(spec);
  }
}

/**
 * The chain of transforms of an optimizer.
 *
 * @param decays whether any run has weight decay
 * @param synchronise whether the step ends a round of Lookahead
 */
export function chainOf(spec: ParsedSpec, decays: boolean, synchronise: boolean): Transform[] {
  return [
    ...(spec.clipNorm === undefined ? [] : [clipByGlobalNorm(spec.clipNorm, spec.style ?? 'pytorch')]),
    ...(spec.clipValue === undefined ? [] : [clipByValue(spec.clipValue)]),
    ...named(spec, decays),
    descend(),
    ...(spec.lookahead === undefined ? [] : [lookahead(spec.lookahead.alpha, synchronise)]),
    ...(spec.ema === undefined ? [] : [averageWeights(spec.ema.decay)]),
  ];
}
