import { type Tensor, tf } from '../../base/tf.js';
import { pad } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
import {
  type BatchShape,
  baseOptions,
  type LayerOptions,
  onlyInput,
  onlyShape,
  type SerializedConfig,
} from '../tfjs-layer.js';

/** Configuration of `ChannelPadding`. */
interface ChannelPaddingOptions extends LayerOptions {
  /** Number of channels of the output, at least that of the input. */
  readonly channels: number;
}

/**
 * Adds zero channels around those of `[batch, height, width, channels]`, half before and half after (the odd one
 * after): the parameter-free shortcut of He et al. 2016 (option A), as PyTorch implementations for CIFAR lay it out.
 */
export class ChannelPadding extends tf.layers.Layer {
  static readonly className = 'ChannelPadding';
  readonly channels: number;

  constructor(options: ChannelPaddingOptions) {
    super(baseOptions(options));
    this.channels = options.channels;
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    return [...onlyShape(inputShape).slice(0, -1), this.channels];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const x = onlyInput(inputs);
      const none: [number, number] = [0, 0];
      return tf.pad(
        x,
        x.shape.map((size, axis) => (axis === x.rank - 1 ? this.paddings(size) : none)),
      );
    });
  }

  /** Channels added before and after `inputChannels`. */
  paddings(inputChannels: number): [number, number] {
    const added = this.channels - inputChannels;
    const before = Math.floor(added / 2);
    return [before, added - before];
  }

  override getConfig(): SerializedConfig {
    return { ...super.getConfig(), channels: this.channels };
  }
}

defineLayer({
  className: ChannelPadding.className,
  layer: ChannelPadding,
  described: true,
  arguments: { channels: kept },
  lower: single(({ graph, settings }, x) => {
    const channels = x.shape.at(-1) as number;
    const added = settings.number('channels', channels) - channels;
    if (added < 0) throw new RangeError(`${channels} channels are too many`);
    const before = Math.floor(added / 2);
    const sides = x.shape.map((_, axis): [number, number] =>
      axis === x.shape.length - 1 ? [before, added - before] : [0, 0],
    );
    return pad(graph, x, sides);
  }),
});
