import sharp from 'sharp';
import { type ColouredBox, outlineBoxes } from '../boxes/index.js';
import type { BoxObject, ImageShape } from '../contracts/index.js';
import type { DetectionPrediction } from '../predict/index.js';

/** The longer side of a picture of detections is at least this, so that labels can be read. */
const leastSide = 512;
/** Objects of a lower score are left out of pictures. */
const leastScore = 0.3;

/** Degrees of hue between two classes: the golden angle, so that neighbours differ however many there are. */
const hueStep = 137.508;

/** A light colour for a class, which can be seen on dark and on light images. */
function colourOf(label: number): [number, number, number] {
  const hue = (label * hueStep) / 60;
  const level = (offset: number): number => {
    const distance = Math.abs(((hue + offset) % 6) - 3);
    return Math.round(255 * Math.min(1, Math.max(0.15, distance - 1)));
  };
  return [level(0), level(4), level(2)];
}

/** An image with the boxes of its objects, [height, width, 3]; regions to ignore are grey. */
export function objectPicture(
  pixels: Uint8Array,
  shape: ImageShape,
  objects: readonly BoxObject[],
): Uint8Array<ArrayBuffer> {
  const boxes = objects.map(
    ({ box, label, ignored }): ColouredBox => ({ box, colour: ignored ? [128, 128, 128] : colourOf(label) }),
  );
  return outlineBoxes(pixels, shape, boxes);
}

/**
 * A PNG of an image with the objects that a detector found in it, their classes and scores; small images are enlarged by a whole
 * factor.
 */
export async function detectionPicture({
  pixels,
  height,
  width,
  channels,
  objects,
}: DetectionPrediction): Promise<Buffer> {
  const { boxLabels } = await import('../plots/index.js'); // its library takes most of a second to load
  const factor = Math.max(1, Math.ceil(leastSide / Math.max(height, width)));
  const size = { height: height * factor, width: width * factor };
  const raw = { height, width, channels: channels === 1 ? 1 : 3 } as const;
  const enlarged = await sharp(pixels, { raw })
    .resize(size.width, size.height, { kernel: 'nearest', fit: 'fill' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const shown = objects
    .filter(({ score }) => score >= leastScore)
    .map(({ box: [left, top, right, bottom], class: name, label, score }) => ({
      box: [left * factor, top * factor, right * factor, bottom * factor] as const,
      colour: colourOf(label),
      text: `${name} ${score.toFixed(2)}`,
    }));
  const drawn = outlineBoxes(enlarged.data, { ...size, channels: enlarged.info.channels }, shown, 2);
  return sharp(drawn, { raw: { ...size, channels: 3 } })
    .composite([{ input: Buffer.from(boxLabels(size, shown)), left: 0, top: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
}
