import { scaleColor } from '../base/color-scale.js';
import type { Picture } from '../base/picture.js';
import { tf } from '../base/tf.js';
import { gradCam, gradCamPlusPlus, type Maps, occlusion, saliency } from '../explain/index.js';
import type { Runtime } from '../runtime/index.js';
import { networkInput } from './test-images.js';

export type ClassMapKind = 'grad-cam' | 'grad-cam++' | 'saliency' | 'occlusion';

const titles: Readonly<Record<ClassMapKind, string>> = {
  'grad-cam': 'Grad-CAM',
  'grad-cam++': 'Grad-CAM++',
  saliency: 'Saliency',
  occlusion: 'Occlusion',
};

const texts: Readonly<Record<ClassMapKind, string>> = {
  'grad-cam': 'what raises the score of the predicted class',
  'grad-cam++': 'what raises the score of the predicted class',
  saliency: 'how much the score of the predicted class changes with each pixel',
  occlusion: 'how far the score of the predicted class falls (red) or rises (blue) when a square covers the place',
};

const side = 192;

/**
 * Images beside the maps that explain the network's prediction, PNG.
 *
 * @param pixels of the images, one behind the other.
 * @param names of the images.
 * @param layer of Grad-CAM; the last convolution by default.
 * @throws ConvoyError `CONVOY_OPTION` for a layer that the model does not have, or that gives no maps.
 */
export async function classMaps(
  runtime: Runtime,
  kind: ClassMapKind,
  {
    pixels,
    names,
    layer,
  }: { readonly pixels: Uint8Array; readonly names: readonly string[]; readonly layer?: string | undefined },
): Promise<Buffer> {
  const { model, spec, datasets } = runtime;
  const input = tf.tidy(() => networkInput(spec, pixels));
  const options = layer === undefined ? {} : { layer };
  const make = {
    'grad-cam': () => gradCam(model, input, options),
    'grad-cam++': () => gradCamPlusPlus(model, input, options),
    saliency: () => saliency(model, input),
    occlusion: () => occlusion(model, input),
  } satisfies Record<ClassMapKind, () => Promise<Maps>>;
  const maps = await make[kind]().finally(() => input.dispose());
  const { classes, shape } = datasets.test;
  const twoSided = kind === 'occlusion';
  const each = shape.height * shape.width * shape.channels;
  const pictures = names.flatMap((name, index): Picture[] => {
    const own = pixels.subarray(index * each, (index + 1) * each);
    const colours = coloured(maps, index, shape, twoSided);
    const label = classes[maps.classes[index] ?? 0] ?? '';
    return [
      { ...shape, pixels: own, label: name },
      { ...shape, channels: 3, pixels: colours, label: `for ${label}` },
      { ...shape, channels: 3, pixels: blended(own, shape.channels, colours), label: 'both' },
    ];
  });
  const { pictureGrid } = await import('../plots/index.js');
  return pictureGrid(pictures, {
    title: titles[kind],
    captions: [texts[kind]],
    scale: twoSided ? { low: 'misleads', high: 'needed', twoSided } : { low: '0', high: "the map's largest value" },
    columns: names.length > 3 ? 6 : 3,
    side,
  });
}

/** A map in colours, brought to the size of its image. */
function coloured(
  { values, shape: [, rows, columns] }: Maps,
  index: number,
  { height, width }: { readonly height: number; readonly width: number },
  twoSided: boolean,
): Uint8Array {
  const own = values.subarray(index * rows * columns, (index + 1) * rows * columns);
  const far = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const at = (y: number, x: number): number => own[Math.min(rows - 1, y) * columns + Math.min(columns - 1, x)] ?? 0;
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Bilinear, between the middles of the map's places.
      const v = Math.max(0, ((y + 0.5) * rows) / height - 0.5);
      const u = Math.max(0, ((x + 0.5) * columns) / width - 0.5);
      const [top, left] = [Math.floor(v), Math.floor(u)];
      const [dy, dx] = [v - top, u - left];
      const upper = at(top, left) * (1 - dx) + at(top, left + 1) * dx;
      const lower = at(top + 1, left) * (1 - dx) + at(top + 1, left + 1) * dx;
      const share = (upper * (1 - dy) + lower * dy) / far;
      pixels.set(scaleColor(twoSided ? (share + 1) / 2 : share, twoSided), (y * width + x) * 3);
    }
  }
  return pixels;
}

/** The image under the colours. */
function blended(image: Uint8Array, channels: number, colours: Uint8Array): Uint8Array {
  return colours.map((value, i) => {
    const pixel = Math.floor(i / 3);
    const own = image[channels === 1 ? pixel : pixel * channels + (i % 3)] ?? 0;
    return Math.round(0.45 * own + 0.55 * value);
  });
}
