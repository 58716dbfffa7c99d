/** Every transform by name: parameters with range and default (torchvision's where it has the transform), one line of help. */
import { z } from 'zod';

/** One parameter: its schema (with the default in it), what is expected in words, and help. */
export interface Parameter {
  readonly schema: z.ZodType;
  readonly expected: string;
  readonly help: string;
}

/** One transform of the registry. */
export interface TransformEntry {
  readonly help: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
}

const number = (minimum: number, maximum: number, fallback: number, help: string): Parameter => ({
  schema: z.number().min(minimum).max(maximum).default(fallback),
  expected: `number from ${minimum} to ${maximum}`,
  help,
});
const integer = (minimum: number, maximum: number, fallback: number, help: string): Parameter => ({
  schema: z.int().min(minimum).max(maximum).default(fallback),
  expected: `integer from ${minimum} to ${maximum}`,
  help,
});
const choice = <const T extends readonly [string, ...string[]]>(
  values: T,
  fallback: T[number],
  help: string,
): Parameter => ({
  schema: z.enum(values).prefault(fallback),
  expected: `one of ${values.join(', ')}`,
  help,
});
const range = (minimum: number, maximum: number, fallback: readonly [number, number], help: string): Parameter => ({
  schema: z
    .tuple([z.number().min(minimum).max(maximum), z.number().min(minimum).max(maximum)])
    .refine(([low, high]) => low <= high)
    .default([...fallback]),
  expected: `[low, high] with ${minimum} <= low <= high <= ${maximum}`,
  help,
});
/** As torchvision's `degrees`, `brightness`...: one number x, meaning a range around a centre, or the range itself. */
const spread = (limit: number, fallback: number | readonly [number, number], help: string): Parameter => ({
  schema: z
    .union([
      z.number().min(0).max(limit),
      z
        .tuple([z.number().min(-limit).max(limit), z.number().min(-limit).max(limit)])
        .refine(([low, high]) => low <= high),
    ])
    .default(typeof fallback === 'number' ? fallback : [...fallback]),
  expected: `number from 0 to ${limit} or [low, high] within ±${limit}`,
  help,
});
const factor = (help: string): Parameter => ({
  schema: z
    .union([
      z.number().min(0).max(1),
      z.tuple([z.number().min(0).max(10), z.number().min(0).max(10)]).refine(([low, high]) => low <= high),
    ])
    .default(0.5),
  expected: 'number x from 0 to 1 (factors 1-x to 1+x) or [low, high] with 0 <= low <= high <= 10',
  help,
});
const probability = (fallback: number): Parameter => number(0, 1, fallback, 'chance that an image is transformed');

const padding = (fallback: number): Parameter => integer(0, 1024, fallback, 'pixels added around before cropping back');

/** The transforms, in the order `--help` lists them. */
export const transforms = {
  flip: { help: 'mirror left to right (RandomHorizontalFlip)', parameters: { probability: probability(0.5) } },
  verticalFlip: { help: 'mirror top to bottom (RandomVerticalFlip)', parameters: { probability: probability(0.5) } },
  crop: {
    help: 'pad, then crop back to size at a random place (RandomCrop)',
    parameters: { padding: padding(4), border: choice(['zero', 'edge', 'reflect'], 'zero', 'what the padding shows') },
  },
  resizedCrop: {
    help: 'a random part of the image, resized to the whole (RandomResizedCrop)',
    parameters: {
      scale: range(0.01, 1, [0.08, 1], 'share of the area'),
      ratio: range(0.1, 10, [3 / 4, 4 / 3], 'width by height'),
    },
  },
  centerCrop: {
    help: 'the central part of the image, resized to the whole (Resize, CenterCrop)',
    parameters: { fraction: number(0.1, 1, 0.875, 'share of each side that is kept') },
  },
  rotate: {
    help: 'turn about the centre, bilinear, zero outside (RandomRotation)',
    parameters: { degrees: spread(180, 15, 'largest angle either way, or [low, high], counter-clockwise') },
  },
  rotate90: {
    help: 'turn by 0, 90, 180 or 270 degrees (square images)',
    parameters: { probability: probability(0.75) },
  },
  translate: {
    help: 'shift by whole pixels, zero outside (RandomAffine translate)',
    parameters: {
      horizontal: number(0, 1, 0.1, 'largest share of the width'),
      vertical: number(0, 1, 0.1, 'largest share of the height'),
    },
  },
  scale: {
    help: 'zoom about the centre, bilinear, zero outside (RandomAffine scale)',
    parameters: { range: range(0.1, 10, [0.8, 1.2], 'factors') },
  },
  shear: {
    help: 'slant, bilinear, zero outside (RandomAffine shear)',
    parameters: {
      horizontal: spread(80, 10, 'degrees along x'),
      vertical: spread(80, [0, 0], 'degrees along y'),
    },
  },
  affine: {
    help: 'turn, shift, zoom and slant in one (RandomAffine)',
    parameters: {
      degrees: spread(180, 15, 'angle, clockwise'),
      translate: range(0, 1, [0, 0], 'largest share of width and of height: [horizontal, vertical]'),
      scale: range(0.1, 10, [1, 1], 'factors'),
      shear: spread(80, [0, 0], 'degrees along x'),
    },
  },
  brightness: { help: 'scale the values (ColorJitter brightness)', parameters: { factor: factor('range of factors') } },
  contrast: {
    help: 'scale away from the mean grey (ColorJitter contrast)',
    parameters: { factor: factor('range of factors') },
  },
  saturation: {
    help: 'scale away from grey (ColorJitter saturation)',
    parameters: { factor: factor('range of factors') },
  },
  hue: {
    help: 'turn the hue (ColorJitter hue)',
    parameters: { shift: spread(0.5, 0.1, 'largest part of the colour circle either way') },
  },
  grayscale: { help: 'drop the colours (RandomGrayscale)', parameters: { probability: probability(0.1) } },
  invert: { help: 'negative (RandomInvert)', parameters: { probability: probability(0.5) } },
  blur: {
    help: 'Gaussian blur (GaussianBlur)',
    parameters: { sigma: range(0.1, 10, [0.1, 2], 'standard deviation in pixels'), probability: probability(1) },
  },
  sharpness: {
    help: 'sharpen or soften (RandomAdjustSharpness)',
    parameters: { factor: number(0, 10, 2, '0 soft, 1 as it is, 2 sharp'), probability: probability(0.5) },
  },
  posterize: {
    help: 'keep the highest bits (RandomPosterize)',
    parameters: { bits: integer(1, 8, 4, 'bits kept'), probability: probability(0.5) },
  },
  solarize: {
    help: 'invert values from a threshold on (RandomSolarize)',
    parameters: { threshold: integer(0, 256, 128, 'first inverted value'), probability: probability(0.5) },
  },
  autocontrast: {
    help: 'stretch each channel to 0..255 (RandomAutocontrast)',
    parameters: { probability: probability(0.5) },
  },
  equalize: { help: 'equalize each histogram (RandomEqualize)', parameters: { probability: probability(0.5) } },
  erase: {
    help: 'fill a random box with one value (RandomErasing, cutout)',
    parameters: {
      probability: probability(0.5),
      scale: range(0.001, 1, [0.02, 0.33], 'share of the area'),
      ratio: range(0.1, 10, [0.3, 3.3], 'height by width'),
      value: integer(0, 255, 0, 'value written'),
    },
  },
  randAugment: {
    help: 'a few transforms drawn from fourteen, one strength (RandAugment)',
    parameters: {
      operations: integer(1, 10, 2, 'transforms in a row'),
      magnitude: integer(0, 30, 9, 'strength, of bins 0 to bins-1'),
      bins: integer(2, 31, 31, 'steps of strength'),
    },
  },
  trivialAugment: {
    help: 'one transform drawn from fourteen, at any strength (TrivialAugmentWide)',
    parameters: { bins: integer(2, 31, 31, 'steps of strength') },
  },
  normalize: {
    help: 'per channel (value / 255 - mean) / deviation, done in the network (Normalize)',
    parameters: {
      mean: {
        schema: z.array(z.number()).min(1).max(3),
        expected: 'a number per channel',
        help: 'mean of value / 255',
      },
      deviation: {
        schema: z.array(z.number().positive()).min(1).max(3),
        expected: 'a positive number per channel',
        help: 'standard deviation of value / 255',
      },
    },
  },
} as const satisfies Record<string, TransformEntry>;

/** Name of a transform. */
export type TransformName = keyof typeof transforms;

/** True when `name` is in the registry. */
export function isTransformName(name: string): name is TransformName {
  return Object.hasOwn(transforms, name);
}
