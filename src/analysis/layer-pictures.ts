import { valueError } from '../base/errors.js';
import type { Picture } from '../base/picture.js';

/** The kernels of a convolution as pictures, filter after filter. */
export interface FilterPictures {
  /** Of the shown filters. */
  readonly pictures: readonly Picture[];
  /** Pictures of a filter: one in colour or grey, or one for each input channel shown. */
  readonly perFilter: number;
  /** Filters shown. */
  readonly filters: number;
}

/** More filters, and more input channels of each, would be too small to see in one picture. */
const most = { filters: 128, rows: 12, inputs: 16 } as const;

/**
 * The kernels of a convolution as pictures. A kernel over three channels is shown in colour, one over a single channel in
 * grey, and one over more channels as grey pictures of its first 16 channels. Each filter is scaled alone: middle grey is a
 * weight of 0, black and white are its largest weight by size. Of many filters the first are shown.
 *
 * @param kernel [height, width, inputs, filters], as tfjs and Keras keep it.
 * @throws ConvoyError `CONVOY_OPTION` when the shape does not fit the values.
 */
export function filterPictures(
  kernel: ArrayLike<number>,
  shape: readonly [height: number, width: number, inputs: number, filters: number],
): FilterPictures {
  checkShape(kernel, shape);
  const [height, width, inputs, all] = shape;
  const colored = inputs === 3;
  const perFilter = colored ? 1 : Math.min(inputs, most.inputs);
  const filters = Math.min(all, perFilter === 1 ? most.filters : most.rows);
  const channels = colored ? 3 : 1;
  const pictures: Picture[] = [];
  for (let filter = 0; filter < filters; filter++) {
    let largest = Number.MIN_VALUE;
    for (let i = 0; i < height * width * inputs; i++)
      largest = Math.max(largest, Math.abs(kernel[i * all + filter] as number));
    for (let first = 0; first < perFilter; first++) {
      const pixels = Uint8Array.from({ length: height * width * channels }, (_, i) => {
        const input = first + (i % channels);
        const weight = kernel[(Math.floor(i / channels) * inputs + input) * all + filter] as number;
        return Math.round(127.5 * (1 + weight / largest));
      });
      const label = perFilter === 1 ? String(filter) : `${filter}, in ${first}`;
      pictures.push({ width, height, channels, pixels, label });
    }
  }
  return { pictures, perFilter, filters };
}

/**
 * What a layer answers to one image: one grey picture a channel, black its smallest value and white its largest.
 *
 * @param activations [height, width, channels].
 * @throws ConvoyError `CONVOY_OPTION` when the shape does not fit the values.
 */
export function activationPictures(
  activations: ArrayLike<number>,
  shape: readonly [height: number, width: number, channels: number],
): Picture[] {
  checkShape(activations, shape);
  const [height, width, channels] = shape;
  return Array.from({ length: Math.min(channels, most.filters) }, (_, channel) => {
    const values = Float64Array.from(
      { length: height * width },
      (_, i) => activations[i * channels + channel] as number,
    );
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    // A channel that answers the same everywhere is black.
    const pixels = Uint8Array.from(values, (value) => Math.round((255 * (value - low)) / (high - low || 1)));
    return { width, height, channels: 1, pixels, label: String(channel) };
  });
}

function checkShape(values: ArrayLike<number>, shape: readonly number[]): void {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== values.length || size === 0) throw valueError('shape', `a shape of ${values.length} values`, shape);
}
