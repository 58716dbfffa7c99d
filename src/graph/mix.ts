import { mixPlaces } from '../contracts/index.js';
import {
  at,
  binary,
  cast,
  compare,
  type GraphBuilder,
  negate,
  reshape,
  reverse,
  shift,
  type Value,
} from '../ops/index.js';
import type { LossParts } from './loss/index.js';

/**
 * Mixes a batch of images by what is fed: mixup (Zhang et al. 2018) with one share for all pixels, CutMix (Yun et al.
 * 2019) with 1 outside and 0 inside a box. Nothing changes with shares of 1.
 */
export function lowerMix(graph: GraphBuilder, x: Value, mix: Value): Value {
  const [, height, width] = x.shape as readonly [number, number, number, number];
  const within = (size: number, from: number, until: number): Value => {
    const places = graph.constant([...Array(size).keys()], 'float32', [size]);
    const after = cast(graph, compare(graph, 'GreaterEqual', places, at(graph, mix, from)), 'float32');
    const before = cast(graph, compare(graph, 'Less', places, at(graph, mix, until)), 'float32');
    return binary(graph, 'Mul', after, before);
  };
  const rows = reshape(graph, within(height, mixPlaces.top, mixPlaces.bottom), [height, 1, 1]);
  const columns = reshape(graph, within(width, mixPlaces.left, mixPlaces.right), [width, 1]);
  const box = binary(graph, 'Mul', rows, columns);
  const outside = at(graph, mix, mixPlaces.outside);
  const change = binary(graph, 'Sub', at(graph, mix, mixPlaces.inside), outside);
  const own = binary(graph, 'AddV2', outside, binary(graph, 'Mul', box, change));
  const partner = reverse(graph, x, [0]);
  return binary(graph, 'AddV2', partner, binary(graph, 'Mul', own, binary(graph, 'Sub', x, partner)));
}

/** The mirror image of a batch's targets. */
export function mirrored(graph: GraphBuilder, targets: Value): Value {
  return reverse(graph, targets, [0]);
}

/**
 * Loss, weight and right answers of mixed samples: the shares of what they are for the sample's own target and for its
 * partner's.
 */
export function lowerMixLosses(graph: GraphBuilder, own: LossParts, partner: LossParts, mix: Value): LossParts {
  const share = at(graph, mix, mixPlaces.share);
  const rest = shift(graph, negate(graph, share), 1);
  const blend = (a: Value, b: Value): Value =>
    binary(graph, 'AddV2', binary(graph, 'Mul', share, a), binary(graph, 'Mul', rest, b));
  const correct = blend(own.correct, partner.correct);
  if (own.weights === undefined || partner.weights === undefined) {
    return { correct, weights: undefined, losses: blend(own.losses, partner.losses) };
  }
  const weights = blend(own.weights, partner.weights);
  const weighted = ({ losses }: LossParts, weight: Value): Value => binary(graph, 'Mul', losses, weight);
  const total = blend(weighted(own, own.weights), weighted(partner, partner.weights));
  // Where both weights are 0 there is nothing to divide by, and nothing to add.
  const none = cast(graph, compare(graph, 'Equal', weights, graph.constant(0, 'float32')), 'float32');
  return {
    correct,
    losses: binary(graph, 'RealDiv', total, binary(graph, 'AddV2', weights, none)),
    weights,
  };
}
