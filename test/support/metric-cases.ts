/** Outputs of classifiers and what scikit-learn says of them. */
import { readFile } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import { z } from 'zod';
import type { ClassScores } from '../../src/metrics/index.js';
import { readParity } from '../support/parity.js';

const numbers = z.array(z.number());
export const reportRow = z.object({
  precision: z.number(),
  recall: z.number(),
  'f1-score': z.number(),
  support: z.number(),
});

export const shared = z
  .object({
    labels: numbers,
    scores: z.array(numbers),
    predictions: numbers,
    accuracy: z.number(),
    top_2_accuracy: z.number(),
    confusion_matrix: z.array(numbers),
    classification_report: z.record(z.string(), z.union([reportRow, z.number()])),
    cohen_kappa: z.number(),
    matthews: z.number(),
    roc_auc_ovr_macro: z.number(),
    binary: z.object({
      labels: numbers,
      scores: numbers,
      fpr: numbers,
      tpr: numbers,
      auc: z.number(),
      average_precision: z.number(),
    }),
  })
  .parse(readParity('metrics.json'));

const curves = z.array(
  z.object({
    falsePositiveRate: numbers,
    truePositiveRate: numbers,
    thresholds: z.array(z.string()),
    area: z.number(),
  }),
);
const rocCase = z.object({ labels: numbers, logits: z.array(numbers), curves });
export const roc = z
  .object({ several: rocCase, two: rocCase })
  .parse(JSON.parse(await readFile('test/fixtures/roc.json', 'utf8')));

export const more = z
  .object({
    softmax: z.object({ logLoss: z.number(), rocAucPerClass: numbers, averagePrecisionPerClass: numbers }),
    report: z.string(),
    halves: z.object({
      labels: numbers,
      predictions: numbers,
      report: z.string(),
      report4: z.string(),
      kappa: z.number(),
      matthews: z.number(),
    }),
    multiLabel: z.object({
      targets: z.array(numbers),
      logits: z.array(numbers),
      subset: z.number(),
      hamming: z.number(),
      perClass: z.array(numbers),
      micro: numbers,
      macro: numbers,
      weighted: numbers,
      samples: numbers,
      accuracyPerClass: numbers,
      auc: numbers,
      ap: numbers,
      mAP: z.number(),
      report: z.string(),
    }),
    binary: z.object({ fpr: numbers, tpr: numbers, thresholds: z.array(z.number().nullable()) }), // the first is infinite
  })
  .parse(readParity('metrics-more.json'));

export function near(t: ExecutionContext, actual: readonly number[], expected: readonly number[], what: string): void {
  t.is(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    t.true(Math.abs(value - (expected[i] ?? Number.NaN)) < 1e-6, `${what}[${i}]: ${value}, not ${expected[i]}`);
  });
}

export function scoreList({ precision, recall, f1 }: ClassScores): number[] {
  return [precision, recall, f1];
}

export const labels = Int32Array.from(shared.labels);
export const scores = Float32Array.from(shared.scores.flat());
export const names = ['shirt', 'trouser', 'a much longer class name', 'été'];
