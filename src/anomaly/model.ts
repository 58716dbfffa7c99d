/** A fitted model of what is normal. */
import type { AnomalyMethod, ImageShape } from '../contracts/index.js';
import type { AnomalyNetwork, Detector } from './contract.js';
import { type AnomalyImages, type ImageList, imageList } from './images.js';
import { maximum, resizeMap, smoothMap } from './maps.js';
import type { MapSource } from './network.js';
import type { AnomalySettings } from './settings.js';
import { writeAnomalyModel } from './write-file.js';

/** How anomalous an image is. */
export interface AnomalyScore {
  /** Higher means more anomalous. */
  readonly score: number;
  /** Whether the score is above the threshold. */
  readonly anomalous: boolean;
  /** [height, width] of the network's input, higher means more anomalous. */
  readonly map: Float64Array;
  /** The file, where the image was one. */
  readonly file?: string;
}

/** Images that go through the network at once. */
export const batchSize = 32;

/** A detector with its network. */
export interface Parts {
  readonly network: AnomalyNetwork;
  readonly source: MapSource;
  readonly detector: Detector;
}

/** Scores images by how unlike normal ones they are. From `fitAnomalyModel` or `openAnomalyModel`. */
export class AnomalyModel {
  readonly settings: AnomalySettings;
  readonly #parts: Parts;

  constructor(parts: Parts, settings: AnomalySettings) {
    this.#parts = parts;
    this.settings = settings;
  }

  get method(): AnomalyMethod {
    return this.settings.method;
  }

  /** Scores above it are anomalous: a quantile of the scores of held-out normal images. */
  get threshold(): number {
    return this.settings.threshold;
  }

  /** Size of images as the network takes them, and of maps. */
  get image(): ImageShape {
    return this.#parts.network.record.image;
  }

  /**
   * Scores and maps of images: files, pixels from 0 to 255, or a dataset. All maps are in memory at once; `each` gives one
   * after the other.
   *
   * @param samples places in the images; default: all.
   * @throws ConvoyError `CONVOY_DATA` for a file that cannot be decoded, `CONVOY_OPTION` for pixels of another size or range.
   */
  async score(images: AnomalyImages, samples?: ArrayLike<number>): Promise<AnomalyScore[]> {
    const results: AnomalyScore[] = [];
    for await (const result of this.each(images, samples)) results.push(result);
    return results;
  }

  /**
   * The same, one image after the other: memory does not grow with their number.
   *
   * @throws ConvoyError as `score`.
   */
  async *each(images: AnomalyImages, samples?: ArrayLike<number>): AsyncGenerator<AnomalyScore> {
    const list = imageList(images, this.image, samples);
    for await (const { score, map, place } of rawScores(this.#parts, list, this.settings.sigma)) {
      const file = list.file(place);
      yield { score, anomalous: score > this.threshold, map, ...(file === undefined ? {} : { file }) };
    }
  }

  /**
   * Writes the model with its network into one file, which `openAnomalyModel` reads: safetensors.
   *
   * @throws ConvoyError `CONVOY_DISK`.
   */
  async save(file: string): Promise<void> {
    const { network, detector } = this.#parts;
    await writeAnomalyModel(file, network, this.settings, detector.tensors());
  }

  /** Frees the network's memory: of a model that `openAnomalyModel` gave; a run's network is the run's. */
  dispose(): void {
    this.#parts.network.model.dispose();
  }
}

/** Scores and maps, before there is a threshold. */
export async function* rawScores(
  { network, source, detector }: Parts,
  list: ImageList,
  sigma: number,
): AsyncGenerator<{ readonly score: number; readonly map: Float64Array; readonly place: number }> {
  const { image } = network.record;
  for (let start = 0; start < list.count; start += batchSize) {
    const maps = await source.maps(await readBatch(list, start));
    for (let index = 0; index < maps.count; index++) {
      const { scores, image: own } = detector.score(maps, index);
      const map = smoothMap(resizeMap(scores, source.grid, image), image, sigma);
      yield { score: own ?? maximum(map), map, place: start + index };
    }
  }
}

/** The pixels of up to `batchSize` images. */
export function readBatch(list: ImageList, start: number): Promise<Float32Array[]> {
  const count = Math.min(batchSize, list.count - start);
  return Promise.all(Array.from({ length: count }, (_, index) => list.read(start + index)));
}
