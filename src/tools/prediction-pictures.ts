import { mkdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import sharp from 'sharp';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { overlayMask } from '../masks/index.js';
import { detectionPicture } from './box-pictures.js';
import type { FilePrediction } from './predict.js';

/** Writes pictures of predictions into a folder, under names that no two files share. */
export class PredictionPictures {
  readonly #folder: string;
  readonly #taken = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Of a mask `NAME.mask.png`, grey, whose levels are class indices, and `NAME.overlay.png`, the image with the mask's colours;
   * of a rebuilt image `NAME.rebuilt.png`. All have the network's size. Of a detector `NAME.boxes.png`, which is enlarged where
   * labels would not fit.
   *
   * @returns the files; none for a prediction of classes.
   * @throws ConvoyError `CONVOY_DISK`.
   */
  async write({ file, mask, detection, rebuilt }: FilePrediction): Promise<string[]> {
    const name = this.#nameFor(file);
    if (rebuilt !== undefined) return [await this.#png(`${name}.rebuilt.png`, rebuilt.pixels, rebuilt)];
    if (detection !== undefined) return [await this.#write(`${name}.boxes.png`, await detectionPicture(detection))];
    if (mask === undefined) return [];
    const { height, width, pixels } = mask;
    return [
      await this.#png(`${name}.mask.png`, mask.mask, { height, width, channels: 1 }),
      await this.#png(`${name}.overlay.png`, overlayMask(pixels, mask.mask, mask), { height, width, channels: 3 }),
    ];
  }

  #nameFor(file: string): string {
    const { name } = parse(file);
    const before = this.#taken.get(name) ?? 0;
    this.#taken.set(name, before + 1);
    return before === 0 ? name : `${name}-${before + 1}`;
  }

  async #png(
    name: string,
    pixels: Uint8Array,
    { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
  ): Promise<string> {
    const raw = { height, width, channels: channels === 1 ? 1 : 3 } as const;
    const image = sharp(pixels, { raw });
    return this.#write(name, await (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer());
  }

  async #write(name: string, bytes: Buffer): Promise<string> {
    const path = join(this.#folder, name);
    await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => {
      throw diskError(this.#folder, error);
    });
    await writeFileAtomic(path, [bytes]);
    return path;
  }
}
