/** Average precision against pycocotools and the rules of Pascal VOC: test/fixtures/vision/detections.py. */
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { rleFromText, rleIou } from '../../src/masks/index.js';
import { type CocoResult, cocoEvaluate, type ScoredImage, vocEvaluate } from '../../src/metrics/detection/index.js';

const numbers = z.array(z.number());
const mask = z.object({ size: z.tuple([z.number(), z.number()]), counts: z.string() });
const place = {
  image: z.number(),
  class: z.number(),
  box: numbers,
  corners: numbers.optional(),
  mask: mask.optional(),
};
const truth = z.object({ ...place, area: z.number(), crowd: z.number(), difficult: z.number() });
const detection = z.object({ ...place, score: z.number() });
const scores = z.object({ stats: numbers, perClass: numbers, meanPrecision: numbers, recall: numbers });
const made = { images: z.number(), truths: z.array(truth), found: z.array(detection), coco: scores };
const fixture = z
  .object({ ...made, segm: z.object(made), voc: z.object({ eleven: numbers, all: numbers }) })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/vision/detections.json', import.meta.url), 'utf8')));

type Item = z.infer<typeof truth> | z.infer<typeof detection>;
const classes = 6;

function near(t: ExecutionContext, found: ArrayLike<number>, expected: readonly number[]): void {
  t.is(found.length, expected.length);
  expected.forEach((wanted, i) => {
    // Where there is no object pycocotools says -1.
    const value = Number.isNaN(found[i]) ? -1 : (found[i] as number);
    t.true(Math.abs(value - wanted) < 1e-9, `${i}: ${value}, not ${wanted}`);
  });
}

interface Made {
  readonly images: number;
  readonly truths: readonly z.infer<typeof truth>[];
  readonly found: readonly z.infer<typeof detection>[];
}

/** The images of a fixture, with boxes made by `boxOf`. */
function imagesOf({ images, truths, found }: Made, boxOf = ({ box }: Item): readonly number[] => box): ScoredImage[] {
  return Array.from({ length: images }, (_, image) => {
    const here = truths.filter((item) => item.image === image);
    const seen = found.filter((item) => item.image === image);
    return {
      truths: {
        boxes: Float64Array.from(here.flatMap(boxOf)),
        classes: here.map((item) => item.class),
        areas: here.map(({ area }) => area),
        crowd: here.map(({ crowd }) => crowd),
        difficult: here.map(({ difficult }) => difficult),
      },
      detections: {
        boxes: Float64Array.from(seen.flatMap(boxOf)),
        classes: seen.map((item) => item.class),
        scores: seen.map(({ score }) => score),
      },
    };
  });
}

function compare(
  t: ExecutionContext,
  { summary, perClass, curves }: CocoResult,
  expected: z.infer<typeof scores>,
): void {
  near(t, Object.values(summary), expected.stats);
  near(
    t,
    perClass.map(({ ap }) => ap),
    expected.perClass,
  );
  near(t, curves.recall, expected.recall);
  const [thresholds, recalls] = curves.sizes;
  const rest = curves.recall.length / thresholds;
  const means = Float64Array.from(curves.recall, (_, at) => {
    let sum = 0;
    for (let r = 0; r < recalls; r++) {
      sum += curves.precision[(Math.floor(at / rest) * recalls + r) * rest + (at % rest)] as number;
    }
    return sum / recalls;
  });
  near(t, means, expected.meanPrecision);
}

test('the figures of COCO are those of pycocotools: crowds, sizes, ties, empty images, more than 100 detections', (t) => {
  compare(t, cocoEvaluate(imagesOf(fixture), { classes }), fixture.coco);
});

test('with overlaps of masks they are those of pycocotools for segmentation', (t) => {
  const { segm } = fixture;
  const rle = ({ mask: text }: Item) => {
    if (text === undefined) throw new Error('an object without a mask');
    return rleFromText(text.counts, text.size);
  };
  const images = imagesOf(segm);
  const masked = images.map((image, i) => {
    const seen = segm.found.filter((item) => item.image === i).map(rle);
    const areas = seen.map(({ counts }) => counts.reduce((sum, count, run) => sum + (run % 2 === 1 ? count : 0), 0));
    return { ...image, detections: { ...image.detections, areas } };
  });
  const overlaps = (image: ScoredImage, rows: readonly number[], truthRows: readonly number[]): Float64Array => {
    const i = masked.indexOf(image as (typeof masked)[0]);
    const seen = segm.found.filter((item) => item.image === i);
    const here = segm.truths.filter((item) => item.image === i);
    const pick = <T>(items: readonly T[], at: readonly number[]): T[] => at.map((row) => items[row] as T);
    const truths = pick(here, truthRows);
    return rleIou(
      pick(seen, rows).map(rle),
      truths.map(rle),
      truths.map(({ crowd }) => crowd === 1),
    );
  };
  compare(t, cocoEvaluate(masked, { classes, overlaps }), segm.coco);
});

test('a class alone scores as it does among others', (t) => {
  const images = imagesOf(fixture);
  const single = cocoEvaluate(images, { classes: 1 });
  t.is(single.summary.ap, cocoEvaluate(images, { classes }).perClass[0]?.ap ?? Number.NaN);
});

test('average precision of Pascal VOC with 11 points and with all, difficult objects left out', (t) => {
  const halfOpen = ({ corners: [left = 0, top = 0, right = 0, bottom = 0] = [] }: Item): number[] => [
    ...[left - 1, top - 1],
    ...[right - left + 1, bottom - top + 1],
  ];
  const images = imagesOf(fixture, halfOpen);
  near(t, vocEvaluate(images, { classes, points: 'eleven' }).averagePrecision, fixture.voc.eleven);
  near(t, vocEvaluate(images, { classes }).averagePrecision, fixture.voc.all);
});

test('a detector that finds every object scores 1 by both, one that finds none 0', (t) => {
  const box = Float64Array.of(3, 4, 50, 60);
  const truths = { boxes: box, classes: [0] };
  const right = [{ truths, detections: { boxes: box, classes: [0], scores: [0.3] } }];
  const wrong = [{ truths, detections: { boxes: new Float64Array(), classes: [], scores: [] } }];
  t.true(Math.abs(cocoEvaluate(right, { classes: 1 }).summary.ap - 1) < 1e-12);
  t.is(vocEvaluate(right, { classes: 1 }).meanAveragePrecision, 1);
  t.is(cocoEvaluate(wrong, { classes: 1 }).summary.ap, 0);
  t.is(vocEvaluate(wrong, { classes: 1 }).meanAveragePrecision, 0);
  t.is(cocoEvaluate(wrong, { classes: 2 }).perClass[1]?.ap, Number.NaN);
});
