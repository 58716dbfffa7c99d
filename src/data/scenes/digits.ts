/** Scenes composed of real digits: those of MNIST in several sizes on a black ground. */
import { RandomStream } from '../../base/random.js';
import { Layers, type Scene } from './scene.js';

/** Images of single objects. */
export interface DigitImages {
  /** [count, side, side], grey levels, 0 for the ground. */
  readonly pixels: Uint8Array;
  /** [count], class of each. */
  readonly labels: ArrayLike<number>;
  /** Pixels; 28 for MNIST. */
  readonly side: number;
}

/** How scenes are composed. */
export interface DigitSceneOptions {
  /** Pixels; 128 by default. */
  readonly height?: number;
  readonly width?: number;
  /** Fewest and most digits, up to 255; 1 to 6 by default. Where there is no place for all of them a scene has fewer, at least one. */
  readonly least?: number;
  readonly most?: number;
  /** Smallest and largest size of a digit, for one of its own; 0.75 to 2 by default: 21 to 56 pixels of MNIST. */
  readonly smallest?: number;
  readonly largest?: number;
}

/** A pixel of at least this level shows the digit: a quarter of white. Fainter ones are the blur of its edge. */
const visibleLevel = 64;
/** Digits may touch, no more. */
const mostHidden = 0.02;
/** Places that are tried for a digit. */
const tries = 30;

/**
 * Composes a scene: a pure function of seed, part and index, and of the digits. Each is drawn from all of them; where two meet,
 * a pixel has the higher level and shows the later one. Boxes are tight around the visible pixels.
 *
 * @returns a scene of 1 channel; classes are the labels.
 */
export function composeDigits(
  digits: DigitImages,
  seed: number,
  part: number,
  index: number,
  options: DigitSceneOptions = {},
): Scene {
  const { height = 128, width = 128, least = 1, most = 6, smallest = 0.75, largest = 2 } = options;
  const stream = new RandomStream(seed, 'scenes', part, index);
  const layers = new Layers({ height, width, mostHidden });
  const pixels = new Uint8Array(height * width);
  const wanted = least + stream.below(most - least + 1);
  for (let object = 0; object < wanted; object++) {
    const sample = stream.below(digits.labels.length);
    const scale = smallest + (largest - smallest) * stream.uniform();
    const side = Math.min(height, width, Math.round(digits.side * scale));
    const digit = resized(digits, sample, side);
    const visible = [...digit.keys()].filter((at) => (digit[at] as number) >= visibleLevel);
    for (let attempt = 0; attempt < tries; attempt++) {
      const [left, top] = [stream.below(width - side + 1), stream.below(height - side + 1)];
      const placeOf = (at: number): number => (top + Math.floor(at / side)) * width + left + (at % side);
      if (!layers.add(visible.map(placeOf), digits.labels[sample] as number)) continue;
      digit.forEach((level, at) => {
        pixels[placeOf(at)] = Math.max(pixels[placeOf(at)] as number, level);
      });
      break;
    }
  }
  return { height, width, channels: 1, pixels, instances: layers.instances, ...layers.objects() };
}

/** A digit in another size: weights fall to the sides as a triangle, as Pillow's bilinear resizing. */
function resized({ pixels, side: from }: DigitImages, sample: number, side: number): Uint8Array {
  const support = Math.max(1, from / side);
  const taps = Array.from({ length: side }, (_, at) => {
    const centre = ((at + 0.5) * from) / side;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const last = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = Array.from({ length: last - first }, (_, i) =>
      Math.max(0, 1 - Math.abs(first + i + 0.5 - centre) / support),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
  const start = sample * from * from;
  const rows = taps.map(({ first, weights }) =>
    Float64Array.from({ length: from }, (_, column) =>
      weights.reduce((sum, weight, i) => sum + weight * (pixels[start + (first + i) * from + column] as number), 0),
    ),
  );
  return Uint8Array.from({ length: side * side }, (_, at) => {
    const row = rows[Math.floor(at / side)] as Float64Array;
    const { first, weights } = taps[at % side] as (typeof taps)[0];
    return Math.round(weights.reduce((sum, weight, i) => sum + weight * (row[first + i] as number), 0));
  });
}
