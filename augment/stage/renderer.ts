/** Makes the pixels of windows: plan, source, apply. The same object serves a worker thread and a test. */

import sharp from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import { boxLength, centralPart, imageBytes } from '../../src/contracts/index.js';
import {
  BadImageError,
  type ChoosePart,
  decodeImage,
  readStoredImage,
  storedImageError,
  storedImageName,
} from '../../src/images/index.js';
import { applySteps, applyToBoxes, applyToMasks, type PixelSource, runLimited } from '../pixels/index.js';
import type { AugmentSpec } from '../spec/index.js';
import { planWindow } from '../transforms/index.js';
import type { StageSetup, UnusableSample } from './messages.js';
import { copySamples } from './targets.js';
import { leadingPart, type WindowSizes, windowSizes } from './windows.js';

/** Decodes under way at once in a worker; libuv's threads do sharp's. */
const decodesAtOnce = 4;

// Many small images: one thread each, and nothing is ever read twice (design, fact 6).
sharp.concurrency(1);
sharp.cache(false);

/** Where a window goes. */
interface RenderedWindow {
  readonly pixels: Uint8Array;
  readonly masks?: Uint8Array | undefined;
  readonly boxes?: Float32Array | undefined;
}

export class Renderer {
  readonly #setup: StageSetup;
  readonly #sizes: WindowSizes;
  /** The part that decoding keeps of each photograph, and the transforms after it. */
  readonly #part: ReturnType<typeof leadingPart>;
  readonly #rest: AugmentSpec;

  constructor(setup: StageSetup) {
    this.#setup = setup;
    this.#sizes = windowSizes(setup.dataset, setup.transforms);
    this.#part = leadingPart(setup.dataset, setup.transforms);
    this.#rest = this.#part === undefined ? setup.transforms : setup.transforms.slice(1);
  }

  /**
   * Writes the pixels of one window, sample behind sample, and where it is given memory for them, the masks or boxes.
   *
   * @throws ConvoyError `CONVOY_DATA` naming the file of an image that cannot be decoded.
   */
  async render(epoch: number, window: number, samples: Uint32Array, into: RenderedWindow): Promise<void> {
    const { pixels, masks, boxes } = into;
    const { dataset, seed } = this.#setup;
    const count = samples.length;
    const steps = planWindow(this.#rest, dataset.shape, this.#sizes.bankSize, { seed, epoch, window, count });
    const source = await this.#source(epoch, window, samples, pixels);
    await applySteps(steps, dataset.shape, count, source, pixels);
    const { targets, shape } = dataset;
    if (targets.kind === 'boxes' && boxes !== undefined) {
      const own = boxes.subarray(0, count * targets.capacity * boxLength);
      copySamples({ from: targets.boxes, to: own, samples, each: targets.capacity * boxLength });
      applyToBoxes(steps, shape, count, own);
    }
    if (targets.kind !== 'masks' || masks === undefined) return;
    const each = shape.height * shape.width;
    const start = (index: number): number => (samples[index] as number) * each;
    await applyToMasks(steps, shape, count, { pixels: targets.masks, start }, masks);
  }

  async #source(epoch: number, window: number, samples: Uint32Array, pixels: Uint8Array): Promise<PixelSource> {
    const { dataset, seed } = this.#setup;
    const { shape, store } = dataset;
    const bytes = imageBytes(shape);
    if (store.kind === 'pixels') return { pixels: store.pixels, start: (index) => (samples[index] as number) * bytes };
    await runLimited([...samples], decodesAtOnce, async (sample, index) => {
      const position = window * this.#sizes.windowSize + index;
      const choosePart: ChoosePart = (photograph) =>
        this.#part?.(photograph, shape, new RandomStream(seed, 'augment', epoch, position)) ??
        centralPart(photograph, shape);
      const into = pixels.subarray(index * bytes, (index + 1) * bytes);
      try {
        await decodeImage(readStoredImage(store, sample), shape, into, { choosePart, onThisThread: true });
      } catch (error) {
        throw storedImageError(store, sample, error);
      }
    });
    return { pixels, start: (index) => index * bytes };
  }

  /** Decodes samples and lists those that cannot be. */
  async scan(samples: Uint32Array): Promise<UnusableSample[]> {
    const { store, shape } = this.#setup.dataset;
    if (store.kind === 'pixels') return [];
    const bad: UnusableSample[] = [];
    const unused = new Uint8Array(imageBytes(shape));
    await runLimited([...samples], decodesAtOnce, async (sample) => {
      const file = storedImageName(store, sample);
      try {
        await decodeImage(readStoredImage(store, sample), shape, unused, { onThisThread: true });
      } catch (error) {
        if (!(error instanceof BadImageError)) throw error;
        bad.push({ sample, file, reason: error.message });
      }
    });
    return bad.sort((a, b) => a.sample - b.sample);
  }
}
