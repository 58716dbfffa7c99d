import { tf, type Tensor, type Tensor4D } from '../tf.js';

/** Configuration of `ChannelPadding`. */
export interface ChannelPaddingOptions {
  /** Number of channels of the output, at least that of the input. */
  readonly channels: number;
  readonly name?: string;
}

type Shape = (number | null)[];

/**
 * Adds zero channels around those of `[batch, height, width, channels]`, half before and half after (the odd one
 * after): the parameter-free shortcut of He et al. 2016 (option A), as PyTorch implementations for CIFAR lay it out.
 */
export class ChannelPadding extends tf.layers.Layer {
  static readonly className = 'ChannelPadding';
  readonly channels: number;

  constructor(options: ChannelPaddingOptions) {
    super(options.name === undefined ? {} : { name: options.name });
    this.channels = options.channels;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [...inputShape.slice(0, -1), this.channels];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D;
      const [before, after] = this.paddings(x.shape[3]);
      return tf.pad4d(x, [
        [0, 0],
        [0, 0],
        [0, 0],
        [before, after],
      ]);
    });
  }

  /** Channels added before and after `inputChannels`. */
  paddings(inputChannels: number): [number, number] {
    const added = this.channels - inputChannels;
    const before = Math.floor(added / 2);
    return [before, added - before];
  }

  override getConfig(): ReturnType<InstanceType<typeof tf.layers.Layer>['getConfig']> {
    return { ...super.getConfig(), channels: this.channels };
  }
}

tf.serialization.registerClass(ChannelPadding);
