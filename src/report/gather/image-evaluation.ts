import type { Picture } from '../../base/picture.js';
import { outlineBoxes } from '../../boxes/index.js';
import { imageBytes } from '../../contracts/index.js';
import type { Runtime } from '../../runtime/index.js';
import { evaluateImages, testPixels } from '../../tools/index.js';
import type { EvaluationReport } from '../types.js';
import { besideTruth } from './beside-truth.js';
import { rawOutputs, rounded } from './outputs.js';
import { sheetOf } from './sheet.js';

const most = { pictures: 36, side: 256 } as const;

/** Scores of rebuilt images, and those that differ most from their originals. */
export async function imageEvaluation(runtime: Runtime): Promise<EvaluationReport> {
  const { test: dataset } = runtime.datasets;
  const { shape, count, split, classes } = dataset;
  const { raw, loss } = await rawOutputs(runtime, dataset);
  const size = imageBytes(shape);
  const pixels = await testPixels(
    runtime,
    Uint32Array.from({ length: count }, (_, sample) => sample),
  );
  const { metrics } = evaluateImages(raw, pixels, dataset, { split, loss, classes });
  const errors = Array.from({ length: count }, (_, sample) => {
    let sum = 0;
    for (let at = sample * size; at < (sample + 1) * size; at++)
      sum += ((raw[at] as number) - (pixels[at] as number) / 255) ** 2;
    return { sample, error: sum / size };
  });
  const worst = errors.sort((a, b) => b.error - a.error).slice(0, most.pictures);
  const pictures: Picture[] = await besideTruth(
    runtime,
    worst.map(({ sample }) => sample),
    (sample, own) => {
      const rebuilt = Uint8Array.from(raw.subarray(sample * size, (sample + 1) * size), (level) =>
        Math.round(255 * Math.min(1, Math.max(0, level))),
      );
      return [own, rebuilt].map((levels) => outlineBoxes(levels, shape, []));
    },
  );
  return {
    split,
    count,
    multiLabel: false,
    overall: [
      ['PSNR, dB', rounded(metrics.psnr)],
      ['SSIM', rounded(metrics.ssim)],
      ['mean squared error', metrics.meanSquaredError],
      ['loss', loss],
    ],
    perClass: [],
    confused: [],
    curves: [],
    sheet: await sheetOf(pictures, most.side),
    samples: [],
    cells: {},
    mistakes: [],
    doubtful: [],
    gallery: {
      title: 'Largest errors',
      about: 'The image at the left, rebuilt at the right; below, the mean squared error of pixels from 0 to 1.',
      captions: worst.map(({ error }) => error.toFixed(5)),
    },
  };
}
