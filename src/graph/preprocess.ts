import { valueError } from '../base/errors.js';
import type { Preprocess } from '../contracts/index.js';
import { binary, cast, type GraphBuilder, scale, shift, type Value } from '../ops/index.js';

/** uint8 pixels as the network's float32 input: `pixel * scale[c] + offset[c]`. */
export function preprocess(graph: GraphBuilder, pixels: Value, spec: Preprocess): Value {
  const channels = pixels.shape.at(-1) as number;
  for (const key of ['scale', 'offset'] as const) {
    if (spec[key].length !== channels) throw valueError(`preprocess.${key}`, `${channels} numbers`, spec[key]);
  }
  const x = cast(graph, pixels, 'float32');
  const [factor, offset] = [uniform(spec.scale), uniform(spec.offset)];
  const scaled =
    factor === undefined
      ? binary(graph, 'Mul', x, graph.constant(spec.scale, 'float32', [channels], 'scale'))
      : scale(graph, x, factor);
  return offset === undefined
    ? binary(graph, 'AddV2', scaled, graph.constant(spec.offset, 'float32', [channels], 'offset'))
    : shift(graph, scaled, offset);
}

/** The number that all channels have, if they have one. */
function uniform(values: readonly number[]): number | undefined {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}
