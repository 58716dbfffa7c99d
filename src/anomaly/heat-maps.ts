/** Heat maps of anomalies over their images, as PNG. */
import { mkdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import sharp from 'sharp';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { scaleColor } from '../base/color-scale.js';
import type { ImageShape } from '../contracts/index.js';

/** Share of the colours. */
const strength = 0.55;

/**
 * A map in viridis over its image. The middle of the colours is the threshold: dark is normal, and from twice the threshold on
 * places are yellow.
 *
 * @param pixels [height, width, channels], 0 to 255.
 * @param map [height, width].
 * @returns [height, width, 3].
 */
export function heatMap(
  pixels: ArrayLike<number>,
  map: ArrayLike<number>,
  { height, width, channels }: ImageShape,
  threshold: number,
): Uint8Array {
  const result = new Uint8Array(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const colour = scaleColor(threshold > 0 ? (map[pixel] as number) / (2 * threshold) : 0);
    for (const [channel, value] of colour.entries()) {
      const own = pixels[pixel * channels + Math.min(channel, channels - 1)] as number;
      result[pixel * 3 + channel] = Math.round(own + strength * (value - own));
    }
  }
  return result;
}

/** Writes heat maps into a folder, under names that no two files share. */
export class HeatMapFiles {
  readonly #folder: string;
  readonly #taken = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes `NAME.anomaly.png`.
   *
   * @param colours [height, width, 3].
   * @throws ConvoyError `CONVOY_DISK`.
   */
  async write(
    file: string,
    colours: Uint8Array,
    { height, width }: Pick<ImageShape, 'height' | 'width'>,
  ): Promise<string> {
    const { name } = parse(file);
    const before = this.#taken.get(name) ?? 0;
    this.#taken.set(name, before + 1);
    const path = join(this.#folder, `${before === 0 ? name : `${name}-${before + 1}`}.anomaly.png`);
    const png = await sharp(colours, { raw: { height, width, channels: 3 } })
      .png()
      .toBuffer();
    await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => {
      throw diskError(this.#folder, error);
    });
    await writeFileAtomic(path, [png]);
    return path;
  }
}
