import type { Picture } from '../../base/picture.js';
import { classesOf, type Dataset, ignoredPixel, imageBytes } from '../../contracts/index.js';
import { overlayMask } from '../../masks/index.js';
import { countPixels, segmentationScores } from '../../metrics/segmentation/index.js';
import type { Runtime } from '../../runtime/index.js';
import { testPixels } from '../../tools/index.js';
import { evaluateSplit } from '../../training/index.js';
import type { EvaluationReport } from '../types.js';
import { rounded } from './outputs.js';
import { sheetOf } from './sheet.js';

const most = { matrix: 50, confused: 60, pictures: 36, side: 192, listed: 5 } as const;

/** Scores of a network for masks, counted by pixels, and the images that it does worst, each beside its truth. */
export async function maskEvaluation(runtime: Runtime): Promise<EvaluationReport> {
  const { coordinator, arena, layout, evaluationSlots: slots, datasets } = runtime;
  const { test: dataset } = datasets;
  const { targets, classes, count, shape } = dataset;
  if (targets.kind !== 'masks') throw new TypeError('a class for each pixel');
  const stage = runtime.evaluationStage(dataset);
  const each = shape.height * shape.width;
  const said = new Uint8Array(count * each);
  const { loss } = await evaluateSplit({
    stage,
    coordinator,
    arena,
    layout,
    slots,
    count,
    onOutputs: (values, { position }) => said.set(values, position * each),
  }).finally(() => stage.close());
  const confusion = new Float64Array(classes.length ** 2);
  countPixels(confusion, said, targets.masks, { classes: classes.length });
  const scores = segmentationScores(confusion, classes.length);
  const table = classes.map((_, row) => [...confusion.subarray(row * classes.length, (row + 1) * classes.length)]);
  const worst = worstSamples(said, targets.masks, count);
  const masksOf = (all: Uint8Array, sample: number): Uint8Array => all.subarray(sample * each, (sample + 1) * each);
  return {
    split: dataset.split,
    count,
    multiLabel: false,
    overall: [
      ['mean IoU', scores.meanIou],
      ['Dice', scores.meanDice],
      ['pixel accuracy', scores.pixelAccuracy],
      ['loss', loss],
    ],
    perClass: classes.map((_, label) => {
      const right = table[label]?.[label] ?? 0;
      const support = (table[label] ?? []).reduce((sum, pixels) => sum + pixels, 0);
      const predicted = table.reduce((sum, row) => sum + (row[label] ?? 0), 0);
      return {
        precision: rounded(predicted === 0 ? 0 : right / predicted),
        recall: rounded(support === 0 ? 0 : right / support),
        f1: rounded(scores.dicePerClass[label] || 0),
        support,
        auc: null,
        averagePrecision: null,
      };
    }),
    ...(classes.length <= most.matrix ? { confusion: table } : {}),
    confused: table
      .flatMap((row, truth) => row.map((pixels, predicted) => [truth, predicted, pixels] as const))
      .filter(([truth, predicted, pixels]) => truth !== predicted && pixels > 0)
      .sort((a, b) => b[2] - a[2])
      .slice(0, most.confused),
    curves: [],
    sheet: await sheetOf(
      await besideTruth(runtime, worst, (sample) => [masksOf(targets.masks, sample), masksOf(said, sample)]),
      most.side,
    ),
    samples: worst.map((sample) => ({
      truth: classesOf(dataset, sample),
      likely: sharesOf(masksOf(said, sample), classes.length).slice(0, most.listed),
    })),
    cells: {},
    mistakes: worst.map((_, place) => place),
    doubtful: [],
  };
}

/** Samples with the smallest share of right pixels. */
function worstSamples(said: Uint8Array, truth: Uint8Array, count: number): number[] {
  const each = said.length / count;
  const shares = Array.from({ length: count }, (_, sample) => {
    let [right, counted] = [0, 0];
    for (let pixel = sample * each; pixel < (sample + 1) * each; pixel++) {
      if (truth[pixel] === ignoredPixel) continue;
      counted += 1;
      if (truth[pixel] === said[pixel]) right += 1;
    }
    return { sample, share: counted === 0 ? 1 : right / counted };
  });
  const worst = shares.sort((a, b) => a.share - b.share).slice(0, most.pictures);
  return worst.map(({ sample }) => sample);
}

/** Images with the true mask at the left, and with the predicted one at the right. */
async function besideTruth(
  runtime: Runtime,
  samples: readonly number[],
  masks: (sample: number) => readonly [Uint8Array, Uint8Array],
): Promise<Picture[]> {
  const { test } = runtime.datasets;
  const { height, width } = test.shape;
  const bytes = imageBytes(test.shape);
  const pixels = await testPixels(runtime, Uint32Array.from(samples));
  return samples.map((sample, place) => {
    const own = pixels.subarray(place * bytes, (place + 1) * bytes);
    const [left, right] = masks(sample).map((mask) => overlayMask(own, mask, test.shape)) as [Uint8Array, Uint8Array];
    const both = new Uint8Array(2 * width * height * 3);
    for (let y = 0; y < height; y++) {
      both.set(left.subarray(y * width * 3, (y + 1) * width * 3), y * 2 * width * 3);
      both.set(right.subarray(y * width * 3, (y + 1) * width * 3), (y * 2 + 1) * width * 3);
    }
    return { height, width: 2 * width, channels: 3, pixels: both, label: '' };
  });
}

/** Classes and their shares of the pixels, the largest first. */
function sharesOf(mask: Uint8Array, classes: number): (readonly [label: number, share: number])[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of mask) counts[label] = (counts[label] ?? 0) + 1;
  return counts
    .map((pixels, label) => [label, rounded(pixels / mask.length)] as const)
    .filter(([, share]) => share > 0)
    .sort((a, b) => b[1] - a[1]);
}

/** What a page says of runs whose scores it does not show. */
export function withoutScores({ targets }: Pick<Dataset, 'targets'>): string {
  return targets.kind === 'boxes'
    ? 'Scores of boxes: convoy evaluate. Pictures: convoy predict.'
    : 'Scores of rebuilt images: convoy evaluate. Pictures: convoy predict.';
}
