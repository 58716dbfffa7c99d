import { type BoxObject, objectsOf } from '../../contracts/index.js';
import {
  type CocoResult,
  type CocoSummary,
  detectionConfusion,
  type ScoredImage,
} from '../../metrics/detection/index.js';
import type { Runtime } from '../../runtime/index.js';
import { objectPicture } from '../../tools/index.js';
import { detectionResult, detectionsIn } from '../../training/index.js';
import type { EvaluationReport, Points } from '../types.js';
import { besideTruth } from './beside-truth.js';
import { finite, rawOutputs, rounded } from './outputs.js';
import { sheetOf } from './sheet.js';

const most = { matrix: 50, curves: 20, confused: 60, pictures: 36, side: 320 } as const;
/** Detections from this score on are drawn and counted in the matrix. */
const leastScore = 0.3;

/** Scores of a detector as COCO computes them, what it confuses, and the images that it does worst. */
export async function boxEvaluation(runtime: Runtime): Promise<EvaluationReport> {
  const { test: dataset } = runtime.datasets;
  const { targets, classes, count, shape } = dataset;
  if (targets.kind !== 'boxes') throw new TypeError('boxes');
  const { raw, loss } = await rawOutputs(runtime, dataset);
  const images = detectionsIn(raw, targets, runtime.spec);
  const result = detectionResult(images, classes.length);
  const objects = Array.from({ length: count }, (_, sample) => objectsOf(targets, sample));
  const { table, mistakes } = detectionConfusion(images, classes.length, { score: leastScore, overlap: 0.5 });
  const worst = [...mistakes.entries()]
    .filter(([, { missed, wrong }]) => missed + wrong > 0)
    .sort(([, a], [, b]) => b.missed + b.wrong - (a.missed + a.wrong))
    .slice(0, most.pictures)
    .map(([sample]) => sample);
  const names = [...classes, 'nothing'];
  const row = (name: string, { ap, ap50, ap75 }: CocoSummary, seen: number) =>
    [name, finite(ap), finite(ap50), finite(ap75), seen] as const;
  const seen = (label?: number): number =>
    objects.flat().filter((object) => !object.ignored && (label === undefined || object.label === label)).length;
  const { summary, perClass } = result;
  return {
    split: dataset.split,
    count,
    multiLabel: false,
    overall: [
      ['AP', finite(summary.ap) ?? 0],
      ['AP50', finite(summary.ap50) ?? 0],
      ['AP75', finite(summary.ap75) ?? 0],
      ['recall of 100 detections', finite(summary.ar100) ?? 0],
      ['loss', loss],
    ],
    perClass: [],
    table: {
      about: "COCO's average precision: the mean over IoUs from 0.5 to 0.95, at 0.5 and at 0.75.",
      head: ['class', 'AP', 'AP50', 'AP75', 'objects'],
      rows: [
        ...classes.map((name, label) => row(name, perClass[label] as CocoSummary, seen(label))),
        row('all', summary, seen()),
      ],
    },
    ...(classes.length <= most.matrix ? { confusion: table, counted: { what: 'objects', names } } : {}),
    confused: [],
    curves: classes
      .slice(0, most.curves)
      .map((_, label) => ({ label, roc: [], precisionRecall: curveOf(result, label) })),
    sheet: await sheetOf(
      await besideTruth(runtime, worst, (sample, pixels) =>
        [objects[sample] ?? [], foundIn(images[sample] as ScoredImage)].map((list: readonly BoxObject[]) =>
          objectPicture(pixels, shape, list),
        ),
      ),
      most.side,
    ),
    samples: [],
    cells: {},
    mistakes: [],
    doubtful: [],
    gallery: {
      title: 'Most mistakes',
      about: `The true boxes at the left, detections with a score of at least ${leastScore} at the right, a colour for each class.`,
      captions: worst.map((sample) => {
        const { missed = 0, wrong = 0 } = mistakes[sample] ?? {};
        return `${missed} missed, ${wrong} wrong`;
      }),
    },
  };
}

/** Detections to draw. */
function foundIn({ detections: { boxes, classes, scores } }: ScoredImage): BoxObject[] {
  return Array.from(classes).flatMap((label, row) => {
    if ((scores[row] as number) < leastScore) return [];
    const [left = 0, top = 0, width = 0, height = 0] = Array.from({ length: 4 }, (_, at) => boxes[row * 4 + at]);
    return [{ box: [left, top, left + width, top + height] as const, label, ignored: false }];
  });
}

/** Recall and precision of a class at an IoU of 0.5, at COCO's 101 recalls. */
function curveOf({ curves: { sizes, precision } }: CocoResult, label: number): Points {
  const [, recalls, classes, areas, limits] = sizes;
  return Array.from({ length: recalls }, (_, recall): [number, number] => {
    const value = precision[((recall * classes + label) * areas + 0) * limits + limits - 1] as number;
    return [rounded(recall / (recalls - 1)), Number.isNaN(value) ? 0 : rounded(value)];
  });
}
