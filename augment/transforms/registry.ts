/** Every transform, in the order in which lists and help show them. A new one is its file and a line here. */
import { affine } from './affine.js';
import { autocontrast } from './autocontrast.js';
import { blur } from './blur.js';
import { brightness } from './brightness.js';
import { centerCrop } from './center-crop.js';
import { channelPermutation } from './channel-permutation.js';
import { contrast } from './contrast.js';
import { crop } from './crop.js';
import type { ImageTransform, ValuesOf } from './define.js';
import { equalize } from './equalize.js';
import { erase } from './erase.js';
import { flip } from './flip.js';
import { grayscale } from './grayscale.js';
import { hue } from './hue.js';
import { invert } from './invert.js';
import { normalize } from './normalize.js';
import { posterize } from './posterize.js';
import { randAugment } from './rand-augment.js';
import { resizedCrop } from './resized-crop.js';
import { rotate } from './rotate.js';
import { rotate90 } from './rotate90.js';
import { saturation } from './saturation.js';
import { scale } from './scale.js';
import { sharpness } from './sharpness.js';
import { shear } from './shear.js';
import { solarize } from './solarize.js';
import { translate } from './translate.js';
import { trivialAugment } from './trivial-augment.js';
import { verticalFlip } from './vertical-flip.js';

const definitions = [
  ...[flip, verticalFlip, crop, resizedCrop, centerCrop],
  ...[rotate, rotate90, translate, scale, shear, affine],
  ...[brightness, contrast, saturation, hue, grayscale, invert, channelPermutation],
  ...[blur, sharpness, posterize, solarize, autocontrast, equalize],
  ...[erase, randAugment, trivialAugment, normalize],
] as const;

type Definition = (typeof definitions)[number];

/** One entry of a list of transforms: a name and its options, all filled in. */
export type TransformSettings = Definition extends infer One
  ? One extends ImageTransform<infer Name, infer Options>
    ? { readonly name: Name } & ValuesOf<Options>
    : never
  : never;

/** The transforms, in the order in which help lists them. */
export const transforms: readonly ImageTransform[] = definitions;

const byName: ReadonlyMap<string, ImageTransform> = new Map(transforms.map((transform) => [transform.name, transform]));

/** The transform of that name, if there is one. */
export function transformNamed(name: string): ImageTransform | undefined {
  return byName.get(name);
}
