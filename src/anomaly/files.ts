/** Scores of image files, with heat maps. */
import { ConvoyError } from '../base/errors.js';
import type { ImageInput } from '../predict/index.js';
import { namedImages } from '../tools/index.js';
import { HeatMapFiles, heatMap } from './heat-maps.js';
import { imageList } from './images.js';
import type { AnomalyModel } from './model.js';

/** How anomalous an image file is. */
export interface FileAnomaly {
  readonly file: string;
  readonly score: number;
  readonly anomalous: boolean;
  /** The heat map, where a folder was given. */
  readonly written?: string;
}

/** A file that cannot be read, and why. */
export interface UnreadableAnomalyFile {
  readonly file: string;
  readonly error: ConvoyError;
}

/** Which files. */
export interface ScoreFilesOptions {
  /** Image files of any size, folders of them, patterns as `photos/*.jpg`; `-` for standard input. */
  readonly files: readonly string[];
  /** Folder for heat maps; default: none are written. */
  readonly out?: string | undefined;
  /** What `-` reads; default: the process's standard input. */
  readonly stdin?: AsyncIterable<Buffer>;
}

/**
 * Scores image files in their order; those that cannot be read are told in their place.
 *
 * @throws ConvoyError `CONVOY_DISK` when a heat map cannot be written.
 */
export async function* scoreFiles(
  model: AnomalyModel,
  { files, out, stdin = process.stdin }: ScoreFilesOptions,
): AsyncGenerator<FileAnomaly | UnreadableAnomalyFile> {
  const pictures = out === undefined ? undefined : new HeatMapFiles(out);
  for await (const image of namedImages(files, stdin)) {
    if ('error' in image) {
      yield image;
      continue;
    }
    const { file, bytes } = image;
    const input: ImageInput = bytes === undefined ? file : { encoded: bytes, name: file };
    try {
      const [result] = await model.score([input]);
      if (result === undefined) continue;
      const { score, anomalous, map } = result;
      if (pictures === undefined) {
        yield { file, score, anomalous };
        continue;
      }
      const pixels = await imageList([input], model.image).read(0);
      const colours = heatMap(pixels, map, model.image, model.settings.mapThreshold);
      yield { file, score, anomalous, written: await pictures.write(file, colours, model.image) };
    } catch (error) {
      if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DATA') throw error;
      yield { file, error };
    }
  }
}
