import type { GradientTransform } from './program.js';
import { ownTransforms, type ParsedSpec } from './registry.js';
import { averageWeights, clipByGlobalNorm, clipByValue, descend, lookahead } from './transforms.js';

/**
 * The chain of transforms of an optimizer.
 *
 * @param decays whether any span has weight decay
 * @param synchronise whether the step ends a round of Lookahead
 */
export function chainOf(spec: ParsedSpec, decays: boolean, synchronise: boolean): GradientTransform[] {
  return [
    ...(spec.clipNorm === undefined ? [] : [clipByGlobalNorm(spec.clipNorm, spec.style ?? 'pytorch')]),
    ...(spec.clipValue === undefined ? [] : [clipByValue(spec.clipValue)]),
    ...ownTransforms(spec, decays),
    descend(),
    ...(spec.lookahead === undefined ? [] : [lookahead(spec.lookahead.alpha, synchronise)]),
    ...(spec.ema === undefined ? [] : [averageWeights(spec.ema)]),
  ];
}
