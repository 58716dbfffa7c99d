import { type Gradient, type GradientDistance, gradientDistance } from './batch-gradient.js';
import { decidedTwin, type LayerJson, livelyWeights, smoothTwin } from './twin.js';

/** Distance that switching units explain: ReLUs and maxima that rounding puts on the other side of their kink. */
const kinkBound = 0.1;
/** The same of the factor by which a gradient is larger, or of the distance where hardly anything switches. */
const awayBound = 4e-3;

/** A weight at which gradients are compared. */
export interface StartWeight {
  readonly spec: { readonly name: string; readonly shape: readonly number[] };
  readonly values: Float32Array;
}

export interface GradientComparison {
  /** The network as JSON. */
  readonly network: LayerJson;
  readonly weights: readonly StartWeight[];
  /** Distance that rounding explains. */
  readonly bound: number;
  /** Whether the smooth twin is compared where the network itself passes as well, at weights by which no part of it is idle. */
  readonly thorough?: boolean;
  /** What computes the gradients that must equal the reference's, by what a person calls it; '' where there is one. */
  readonly forms: readonly string[];
  /** The gradient of a network at weights by name, computed by one of `forms` or by the reference (undefined). */
  gradient(network: LayerJson, weights: Gradient, form: string | undefined): Gradient | Promise<Gradient>;
}

/**
 * Whether gradients equal a reference's. Where units may have switched, twins of the network decide: the smooth one, and the
 * one whose ReLUs are far from their kinks.
 */
export async function compareGradients(
  comparison: GradientComparison,
): Promise<{ readonly passed: boolean; readonly detail: string }> {
  const { network, weights, bound, thorough = false, forms, gradient } = comparison;
  const distances = async (
    twin: LayerJson,
    of: readonly string[],
    choose: (weight: StartWeight) => Float32Array = ({ values }) => values,
  ): Promise<Map<string, GradientDistance>> => {
    const chosen = new Map(weights.map((weight) => [weight.spec.name, choose(weight)]));
    const expected = await gradient(twin, chosen, undefined);
    const found = new Map<string, GradientDistance>();
    for (const form of of) found.set(form, gradientDistance(await gradient(twin, chosen, form), expected));
    return found;
  };
  const own = await distances(network, forms);
  const doubtful = forms.filter((form) => !((own.get(form)?.apart ?? Number.NaN) <= bound));
  const doubts = doubtful.length > 0;
  const smooth = thorough || doubts ? smoothTwin(network) : undefined;
  const without = thorough
    ? await distances(smooth ?? network, forms, ({ spec, values }) => livelyWeights(spec.name, spec.shape, values))
    : smooth && (await distances(smooth, doubtful));
  const decided = doubts ? decidedTwin(network) : undefined;
  const away =
    decided &&
    (await distances(decided.network, doubtful, ({ spec, values }) => decided.weights(spec.name, spec.shape, values)));

  let passed = true;
  const details = [...own].map(([form, { apart, parameter }]) => {
    const [smoothly, farAway] = [without?.get(form), away?.get(form)];
    if (doubtful.includes(form)) passed &&= smooth !== undefined && apart <= kinkBound;
    if (smoothly !== undefined) passed &&= smoothly.apart <= bound;
    // Either shows that the kinks' own gradients are right. Maxima that switch move gradients, but do not make them larger.
    if (farAway !== undefined)
      passed &&= apart <= awayBound || (farAway.apart <= kinkBound && farAway.gain <= awayBound);
    const all = smooth === undefined ? 'with all parts at work' : 'without kinks';
    return [
      `${shown(apart)} apart at most${form}${doubtful.includes(form) ? ` (${parameter})` : ''}`,
      ...(smoothly === undefined ? [] : [`${shown(smoothly.apart)} ${all} (${smoothly.parameter})`]),
      ...(farAway === undefined ? [] : [`${shown(farAway.apart)} and ${shown(farAway.gain)} larger away from kinks`]),
    ].join(', ');
  });
  return { passed, detail: details.join('; ') };
}

const shown = (apart: number): string => apart.toExponential(1);
