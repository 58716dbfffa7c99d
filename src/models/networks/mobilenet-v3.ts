import { type SymbolicTensor, tf } from '../../base/tf.js';
import { divisibleBy8, type NetworkBuilder } from '../builder.js';
import type { EncoderLevels } from '../encoder-levels.js';

type Nonlinearity = 'relu' | 'hard_silu';

interface Block {
  readonly kernel: 3 | 5;
  readonly expanded: number;
  readonly outputs: number;
  readonly squeeze: boolean;
  readonly activation: Nonlinearity;
  readonly strides: 1 | 2;
}

const block = (
  kernel: Block['kernel'],
  expanded: number,
  outputs: number,
  squeeze: boolean,
  activation: Nonlinearity,
  strides: Block['strides'] = 1,
): Block => ({ kernel, expanded, outputs, squeeze, activation, strides });

/** Inverted residual blocks of MobileNet v3 large (table 1 of the paper); the last three have half the channels, as SSDlite's. */
const blocks: readonly Block[] = [
  block(3, 16, 16, false, 'relu'),
  block(3, 64, 24, false, 'relu', 2),
  block(3, 72, 24, false, 'relu'),
  block(5, 72, 40, true, 'relu', 2),
  block(5, 120, 40, true, 'relu'),
  block(5, 120, 40, true, 'relu'),
  block(3, 240, 80, false, 'hard_silu', 2),
  block(3, 200, 80, false, 'hard_silu'),
  block(3, 184, 80, false, 'hard_silu'),
  block(3, 184, 80, false, 'hard_silu'),
  block(3, 480, 112, true, 'hard_silu'),
  block(3, 672, 112, true, 'hard_silu'),
  block(5, 672, 80, true, 'hard_silu', 2),
  block(5, 480, 80, true, 'hard_silu'),
  block(5, 480, 80, true, 'hard_silu'),
];

/** The block whose expansion is the first map that SSDlite predicts from: section 6.3 of the paper. */
const divided = 13;

function activated(net: NetworkBuilder, x: SymbolicTensor, activation: Nonlinearity, name: string): SymbolicTensor {
  if (activation === 'relu') return net.relu(x, name);
  return net.apply(tf.layers.activation({ activation: activation as 'relu', name }), x);
}

/** Scales channels by what a small network makes of their means (Hu et al. 2018), to a quarter of the channels. */
function squeezed(net: NetworkBuilder, x: SymbolicTensor, name: string): SymbolicTensor {
  const channels = x.shape[3] ?? 1;
  let gate = net.globalAveragePool(x, `${name}.avgpool`);
  gate = net.apply(tf.layers.reshape({ targetShape: [1, 1, channels], name: `${name}.reshape` }), gate);
  gate = net.convolution(gate, divisibleBy8(Math.floor(channels / 4)), {
    name: `${name}.fc1`,
    kernel: 1,
    activation: 'relu',
  });
  gate = net.convolution(gate, channels, { name: `${name}.fc2`, kernel: 1 });
  gate = net.apply(
    tf.layers.activation({ activation: 'hard_sigmoid6' as 'relu', name: `${name}.scale_activation` }),
    gate,
  );
  return net.multiply([x, gate], `${name}.scale`);
}

/**
 * MobileNet v3 large without its classifier (Howard et al. 2019), with the last stage's channels halved; layers named as in torchvision's
 * `ssdlite320_mobilenet_v3_large`.
 *
 * @returns its input, and the maps at strides 16 and 32.
 */
export function mobilenetV3(
  net: NetworkBuilder,
  shape: { readonly height: number; readonly width: number; readonly channels: number },
  widthFactor: number,
): EncoderLevels {
  const wide = (channels: number): number => divisibleBy8(channels * widthFactor);
  const input = net.input(shape);
  const normalized = (x: SymbolicTensor, name: string, activation?: Nonlinearity): SymbolicTensor => {
    const result = net.batchNorm(x, `${name}.1`);
    return activation === undefined ? result : activated(net, result, activation, `${name}.2`);
  };
  const stem = 'backbone.features.0.0';
  const stemOptions = { name: `${stem}.0`, kernel: 3, strides: 2, padding: 1, useBias: false } as const;
  let x = normalized(net.convolution(input, wide(16), stemOptions), stem, 'hard_silu');
  let fine = x;
  blocks.forEach(({ kernel, expanded, outputs, squeeze, activation, strides }, index) => {
    const number = index + 1;
    const inputs = x.shape[3] ?? 1;
    const path =
      number <= divided - 1
        ? `backbone.features.0.${number}.block`
        : number === divided
          ? 'backbone.features.1.0'
          : `backbone.features.1.${number - divided}.block`;
    let place = 0;
    let y = x;
    if (wide(expanded) !== inputs || number === divided) {
      const name = number === divided ? `backbone.features.0.${number}` : `${path}.${place}`;
      y = normalized(
        net.convolution(y, wide(expanded), { name: `${name}.0`, kernel: 1, useBias: false }),
        name,
        activation,
      );
      place += 1;
      if (number === divided) fine = y;
    }
    const depthwise = `${path}.${place++}`;
    const options = { name: `${depthwise}.0`, kernel, strides, padding: (kernel - 1) / 2, useBias: false };
    y = normalized(net.depthwise(y, options), depthwise, activation);
    if (squeeze) y = squeezed(net, y, `${path}.${place++}`);
    const projection = `${path}.${place}`;
    y = normalized(
      net.convolution(y, wide(outputs), { name: `${projection}.0`, kernel: 1, useBias: false }),
      projection,
    );
    x = strides === 1 && inputs === wide(outputs) ? net.add([x, y], `${path}.add`) : y;
  });
  const top = `backbone.features.1.${blocks.length + 1 - divided}`;
  const last = net.convolution(x, 6 * wide(80), { name: `${top}.0`, kernel: 1, useBias: false });
  return { input, levels: [fine, normalized(last, top, 'hard_silu')] };
}
