import { ignoredPixel } from '../../contracts/index.js';
import { overlayMask } from '../../masks/index.js';
import { countPixels, segmentationScores } from '../../metrics/segmentation/index.js';
import type { Runtime } from '../../runtime/index.js';
import { evaluateSplit } from '../../training/index.js';
import type { EvaluationReport } from '../types.js';
import { besideTruth } from './beside-truth.js';
import { finite } from './outputs.js';
import { sheetOf } from './sheet.js';

const most = { matrix: 50, confused: 60, pictures: 36, side: 256 } as const;

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
    perClass: [],
    table: {
      about: 'IoU is the share of the pixels of a class, true or predicted, that are both.',
      head: ['class', 'IoU', 'Dice', 'pixels'],
      rows: classes.map((name, label) => [
        name,
        finite(scores.iouPerClass[label]),
        finite(scores.dicePerClass[label]),
        (table[label] ?? []).reduce((sum, pixels) => sum + pixels, 0),
      ]),
    },
    counted: { what: 'pixels' },
    ...(classes.length <= most.matrix ? { confusion: table } : {}),
    confused: table
      .flatMap((row, truth) => row.map((pixels, predicted) => [truth, predicted, pixels] as const))
      .filter(([truth, predicted, pixels]) => truth !== predicted && pixels > 0)
      .sort((a, b) => b[2] - a[2])
      .slice(0, most.confused),
    curves: [],
    sheet: await sheetOf(
      await besideTruth(
        runtime,
        worst.map(({ sample }) => sample),
        (sample, own) => [targets.masks, said].map((masks) => overlayMask(own, masksOf(masks, sample), shape)),
      ),
      most.side,
    ),
    samples: [],
    cells: {},
    mistakes: [],
    doubtful: [],
    gallery: {
      title: 'Worst masks',
      about: 'The true mask at the left, the predicted one at the right; below, the share of pixels that are right.',
      captions: worst.map(({ share }) => `${(100 * share).toFixed(1)}%`),
    },
  };
}

/** Samples with the smallest shares of right pixels. */
function worstSamples(said: Uint8Array, truth: Uint8Array, count: number) {
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
  return shares.sort((a, b) => a.share - b.share).slice(0, most.pictures);
}
