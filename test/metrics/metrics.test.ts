import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import {
  averagePrecision,
  type ClassScores,
  classificationReport,
  createMetrics,
  createMultiLabelMetrics,
  metricsCsv,
  rocCsv,
  rocCurve,
} from '../../src/metrics/index.js';
import { labels, more, names, near, reportRow, roc, scoreList, scores, shared } from '../support/metric-cases.js';

test('a classifier has the metrics scikit-learn gives it', (t) => {
  const metrics = createMetrics({ classes: 4, topK: [1, 2] });
  metrics.add(scores, labels);
  const result = metrics.result();
  near(t, [result.accuracy], [shared.accuracy], 'accuracy');
  near(t, [result.topK[1] ?? -1, result.topK[2] ?? -1], [shared.accuracy, shared.top_2_accuracy], 'top k');
  t.deepEqual(result.confusion, shared.confusion_matrix);
  near(t, [result.cohenKappa, result.matthews], [shared.cohen_kappa, shared.matthews], 'kappa and Matthews');
  const expected: Record<string, ClassScores> = { 'macro avg': result.macro, 'weighted avg': result.weighted };
  result.perClass.forEach((score, k) => (expected[String(k)] = score));
  for (const [name, score] of Object.entries(expected)) {
    const row = reportRow.parse(shared.classification_report[name]);
    near(t, [...scoreList(score), score.support], [row.precision, row.recall, row['f1-score'], row.support], name);
  }
  near(t, [result.logLoss], [more.softmax.logLoss], 'log loss');
  near(t, [result.ranking?.rocAuc ?? -1], [shared.roc_auc_ovr_macro], 'AUC, one against the rest');
  near(t, result.ranking?.rocAucPerClass ?? [], more.softmax.rocAucPerClass, 'AUC per class');
  near(t, result.ranking?.averagePrecisionPerClass ?? [], more.softmax.averagePrecisionPerClass, 'average precision');
});

test('the report is printed as scikit-learn prints it, also where a decimal is exactly half', (t) => {
  const metrics = createMetrics({ classes: 4 });
  metrics.add(scores, labels);
  t.is(classificationReport(metrics.result(), names), more.report);

  const halves = createMetrics({ classes: 4 });
  // One-hot outputs choose the predictions of the reference.
  const outputs = more.halves.predictions.flatMap((k) => [0, 1, 2, 3].map((j) => (j === k ? 1 : 0)));
  halves.add(Float32Array.from(outputs), Int32Array.from(more.halves.labels));
  const result = halves.result();
  t.is(classificationReport(result, ['a', 'b', 'c', 'd']), more.halves.report);
  t.is(classificationReport(result, ['a', 'b', 'c', 'd'], 4), more.halves.report4);
  near(t, [result.cohenKappa, result.matthews], [more.halves.kappa, more.halves.matthews], 'kappa and Matthews');
});

test('the ROC curve of a binary score has the points, area and average precision of scikit-learn', (t) => {
  const { binary } = shared;
  const given = Float64Array.from(binary.scores);
  const positive = Uint8Array.from(binary.labels);
  const every = rocCurve(given, positive, true); // the shared reference keeps every threshold
  near(t, every.falsePositiveRate, binary.fpr, 'fpr');
  near(t, every.truePositiveRate, binary.tpr, 'tpr');
  const curve = rocCurve(given, positive);
  near(t, curve.falsePositiveRate, more.binary.fpr, 'fpr without points on lines');
  near(t, curve.truePositiveRate, more.binary.tpr, 'tpr without points on lines');
  near(t, curve.thresholds.slice(1), more.binary.thresholds.slice(1).map(Number), 'thresholds');
  t.is(curve.thresholds[0], Number.POSITIVE_INFINITY);
  near(t, [every.area, curve.area], [binary.auc, binary.auc], 'auc');
  near(t, [averagePrecision(given, positive)], [binary.average_precision], 'average precision');
});

test('ROC curves, each class against the rest or of the second of two, have the points of scikit-learn', (t) => {
  for (const [name, classes] of [
    ['several', 4],
    ['two', 2],
  ] as const) {
    const { labels, logits, curves } = roc[name];
    const metrics = createMetrics({ classes });
    metrics.add(Float32Array.from(logits.flat()), Int32Array.from(labels));
    const found = metrics.rocCurves();
    t.deepEqual(
      found.map(({ classIndex }) => classIndex),
      classes === 2 ? [1] : [0, 1, 2, 3],
    );
    for (const [index, expected] of curves.entries()) {
      const curve = found[index];
      near(t, curve?.falsePositiveRate ?? [], expected.falsePositiveRate, `${name} fpr`);
      near(t, curve?.truePositiveRate ?? [], expected.truePositiveRate, `${name} tpr`);
      near(t, curve?.thresholds.slice(1) ?? [], expected.thresholds.slice(1).map(Number), `${name} thresholds`);
      near(t, [curve?.area ?? -1], [expected.area], `${name} area`);
    }
  }
});

test('points of ROC curves are a table with a line a point', (t) => {
  const metrics = createMetrics({ classes: 3, fromLogits: false });
  metrics.add(Float32Array.of(0.75, 0.25, 0, 0.5, 0.5, 0), Int32Array.of(0, 1));
  // No sample is of the third class: it has no curve.
  t.is(
    rocCsv(metrics.rocCurves(), ['a,b', 'c', 'd']),
    [
      'class,threshold,falsePositiveRate,truePositiveRate',
      '"a,b",Infinity,0,0',
      '"a,b",0.75,0,1',
      '"a,b",0.5,1,1',
      'c,Infinity,0,0',
      'c,0.5,0,1',
      'c,0.25,1,1',
      '',
    ].join('\n'),
  );
});

test('one output for two classes is the logit or the probability of class 1', (t) => {
  const { binary } = shared;
  const truth = Int32Array.from(binary.labels);
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const logits = createMetrics({ classes: 2 });
  logits.add(Float32Array.from(binary.scores), truth);
  const probabilities = createMetrics({ classes: 2, fromLogits: false });
  probabilities.add(Float32Array.from(binary.scores, sigmoid), truth); // a rising function: the same curve
  for (const metrics of [logits, probabilities]) {
    near(t, metrics.rocCurve(1).falsePositiveRate, more.binary.fpr, 'fpr');
    near(
      t,
      metrics.rocCurve(1).thresholds.slice(1),
      more.binary.thresholds.slice(1).map((x) => sigmoid(Number(x))),
      'thresholds',
    );
    near(t, [metrics.result().ranking?.rocAuc ?? -1], [binary.auc], 'auc');
    near(t, [metrics.result().ranking?.averagePrecision ?? -1], [binary.average_precision], 'average precision');
  }
  near(t, [probabilities.result().logLoss], [logits.result().logLoss], 'log loss');
});

test('batches, and parts merged from workers, give what one batch gives', (t) => {
  const whole = createMetrics({ classes: 4, topK: [2] });
  whole.add(scores, labels);
  const merged = createMetrics({ classes: 4, topK: [2] });
  for (const [from, to] of [
    [0, 130],
    [130, 300],
  ] as const) {
    const worker = createMetrics({ classes: 4, topK: [2] });
    for (let i = from; i < to; i += 37) {
      const end = Math.min(to, i + 37);
      worker.add(scores.subarray(i * 4, end * 4), labels.subarray(i, end));
    }
    merged.merge(structuredClone(worker.state()));
  }
  const [a, b] = [whole.result(), merged.result()];
  near(t, [b.logLoss], [a.logLoss], 'log loss'); // sums in another order
  t.deepEqual({ ...b, logLoss: 0 }, { ...a, logLoss: 0 });
});

test('only the first n rows of a larger buffer count', (t) => {
  const metrics = createMetrics({ classes: 2, curves: false });
  metrics.add(Float32Array.of(1, 0, 0, 1, Number.NaN, 9), Int32Array.of(0, 1, 7), 2);
  t.is(metrics.result().samples, 2);
  t.is(metrics.result().accuracy, 1);
  t.is(metrics.result().ranking, undefined);
});

test('of equal outputs the lower class ranks higher, for accuracy and top k alike', (t) => {
  const metrics = createMetrics({ classes: 3, topK: [1, 2] });
  metrics.add(Float32Array.of(5, 5, 5, 5, 5, 5, 5, 5, 5), Int32Array.of(0, 1, 2));
  // Ranks are 0, 1, 2 for the classes 0, 1, 2: one in three is first, two are among two.
  t.deepEqual({ ...metrics.result().topK }, { 1: 1 / 3, 2: 2 / 3 });
  t.is(metrics.result().accuracy, 1 / 3);
});

test('outputs that are not finite, labels that are no class and wrong options are refused', (t) => {
  const metrics = createMetrics({ classes: 2 });
  const code = (run: () => void): string | undefined => t.throws(run, { instanceOf: ConvoyError })?.code;
  t.is(
    code(() => metrics.add(Float32Array.of(Number.NaN, 0), Int32Array.of(0))),
    'CONVOY_DIVERGED',
  );
  t.is(
    code(() => metrics.add(Float32Array.of(1, 0), Int32Array.of(2))),
    'CONVOY_DATA',
  );
  t.is(
    code(() => createMetrics({ classes: 1 })),
    'CONVOY_OPTION',
  );
  t.is(
    code(() => createMetrics({ classes: 3, topK: [4] })),
    'CONVOY_OPTION',
  );
  t.is(
    code(() => createMultiLabelMetrics({ classes: 3, threshold: 1 })),
    'CONVOY_OPTION',
  );
  t.is(
    code(() => metrics.rocCurve(2)),
    'CONVOY_OPTION',
  );
});

test('a class without samples has no AUC and does not enter the mean', (t) => {
  const metrics = createMetrics({ classes: 3 });
  metrics.add(Float32Array.of(2, 1, 0, 0, 2, 1), Int32Array.of(0, 1));
  const ranking = metrics.result().ranking;
  t.deepEqual(ranking?.rocAucPerClass, [1, 1, Number.NaN]); // 0 and 1 are told apart without error
  t.is(ranking?.rocAuc, 1);
});

test('several labels a sample have the metrics and the report scikit-learn gives them', (t) => {
  const expected = more.multiLabel;
  const outputs = Float32Array.from(expected.logits.flat());
  const targets = Float32Array.from(expected.targets.flat());
  const metrics = createMultiLabelMetrics({ classes: 5 });
  metrics.add(outputs, targets, 15);
  const worker = createMultiLabelMetrics({ classes: 5 });
  worker.add(outputs.subarray(75), targets.subarray(75), expected.targets.length - 15);
  metrics.merge(structuredClone(worker.state()));
  const result = metrics.result();
  near(t, [result.subsetAccuracy, 1 - result.labelAccuracy], [expected.subset, expected.hamming], 'subset and Hamming');
  near(t, result.labelAccuracyPerClass, expected.accuracyPerClass, 'accuracy per label');
  near(
    t,
    result.perClass.map((s) => s.precision),
    expected.perClass[0] ?? [],
    'precision',
  );
  near(
    t,
    result.perClass.map((s) => s.recall),
    expected.perClass[1] ?? [],
    'recall',
  );
  near(
    t,
    result.perClass.map((s) => s.f1),
    expected.perClass[2] ?? [],
    'f1',
  );
  near(t, scoreList(result.micro), expected.micro, 'micro');
  near(t, scoreList(result.macro), expected.macro, 'macro');
  near(t, scoreList(result.weighted), expected.weighted, 'weighted');
  near(t, scoreList(result.perSample), expected.samples, 'samples');
  near(t, result.ranking.rocAucPerClass, expected.auc, 'auc');
  near(t, result.ranking.averagePrecisionPerClass, expected.ap, 'average precision');
  near(t, [result.ranking.averagePrecision], [expected.mAP], 'mAP');
  t.is(classificationReport(result, ['l0', 'l1', 'l2', 'l3', 'l4']), expected.report);
});

test('the CSV has a row per class, quotes names that need it and leaves unknown areas empty', (t) => {
  const metrics = createMetrics({ classes: 3 });
  metrics.add(Float32Array.of(2, 1, 0, 0, 2, 1), Int32Array.of(0, 1));
  t.is(
    metricsCsv(metrics.result(), ['plain', 'with "quotes", and comma', 'absent']),
    'class,precision,recall,f1,support,rocAuc,averagePrecision\n' +
      'plain,1,1,1,1,1,1\n"with ""quotes"", and comma",1,1,1,1,1,1\nabsent,0,0,0,0,,\n',
  );
});
