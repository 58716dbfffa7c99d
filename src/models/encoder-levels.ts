import { valueError } from '../base/errors.js';
import type { LayersModel, SymbolicTensor } from '../base/tf.js';
import type { Network, NetworkShape } from './define.js';

/** What a network hands on at each size, and its input. */
export interface EncoderLevels {
  readonly input: SymbolicTensor;
  /** At the image's size, at half of it, at a quarter, ... */
  readonly levels: readonly SymbolicTensor[];
}

/**
 * The last tensor of each size that a network has, from its input on: what it knows at half the size, at a quarter, ....
 *
 * @param network that stands in another one as its encoder.
 * @param owner what the encoder is of, for messages.
 * @throws ConvoyError `CONVOY_OPTION` for a network that does not halve images several times over.
 */
export function encoderLevels(network: Network, shape: NetworkShape, owner: string): EncoderLevels {
  const model: LayersModel = network.create({ ...shape });
  const input = model.inputs[0] as SymbolicTensor;
  const bySize = new Map<number, SymbolicTensor>();
  for (const layer of model.layers) {
    const output = layer.output;
    if (Array.isArray(output) || output.shape.length !== 4) continue;
    const [, height = 0, width = 0] = output.shape as number[];
    const factor = shape.height / height;
    const halved = Number.isInteger(Math.log2(factor)) && shape.width / width === factor;
    if (halved && height > 1) bySize.set(factor, output);
  }
  const factors = [...bySize.keys()].sort((a, b) => a - b);
  const whole = factors.every((factor, place) => factor === 2 ** place);
  if (!whole || factors.length < 2) {
    throw valueError(
      `the encoder of ${owner}`,
      `a network that halves images of ${shape.height}x${shape.width} several times over (other sizes may do)`,
      network.name,
    );
  }
  return { input, levels: factors.map((factor) => bySize.get(factor) as SymbolicTensor) };
}
