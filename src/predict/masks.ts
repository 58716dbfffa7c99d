/** What a network for masks says of one image, at the network's size. */
export interface MaskPrediction {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** The image as the network saw it, [height, width, channels], 0 to 255. */
  readonly pixels: Uint8Array;
  /** Class of each pixel, [height, width]. */
  readonly mask: Uint8Array;
  /** Share of the pixels that each class has, in the order of the run's classes. */
  readonly shares: readonly number[];
  /** The file, where the image was one. */
  readonly file?: string;
}

/** What a network that rebuilds images makes of one. */
export interface RebuiltImage {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** 0 to 255. */
  readonly pixels: Uint8Array;
  /** Mean squared error of pixels from 0 to 1: large where the image is unlike those of the training. */
  readonly error: number;
  readonly file?: string;
}

/**
 * The greatest class of each pixel; of a single output the class 1 above the threshold.
 *
 * @param outputs [height, width, classes], or [height, width, 1].
 */
export function maskOf(
  outputs: Float32Array,
  pixels: number,
  classes: readonly string[],
  threshold: number,
): Pick<MaskPrediction, 'mask' | 'shares'> {
  return outputs.length === pixels ? singleMask(outputs, threshold) : greatest(outputs, classes.length);
}

function singleMask(outputs: Float32Array, threshold: number): Pick<MaskPrediction, 'mask' | 'shares'> {
  const mask = Uint8Array.from(outputs, (value) => (value > threshold ? 1 : 0));
  const share = mask.reduce((sum, label) => sum + label, 0) / mask.length;
  return { mask, shares: [1 - share, share] };
}

function greatest(outputs: Float32Array, classes: number): Pick<MaskPrediction, 'mask' | 'shares'> {
  const mask = new Uint8Array(outputs.length / classes);
  const counts = new Array<number>(classes).fill(0);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    let best = 0;
    for (let label = 1; label < classes; label++) {
      if ((outputs[pixel * classes + label] as number) > (outputs[pixel * classes + best] as number)) best = label;
    }
    mask[pixel] = best;
    counts[best] = (counts[best] as number) + 1;
  }
  return { mask, shares: counts.map((count) => count / mask.length) };
}
