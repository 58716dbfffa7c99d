import { readFile } from 'node:fs/promises';
import test from 'ava';
import { z } from 'zod';
import { boxMetrics, type MetricName, maskMetrics, metricNames } from '../../src/contracts/index.js';
import { classMetrics, labelMetrics } from '../../src/metrics/index.js';

const rows = z.array(z.array(z.number()));
const common = { outputs: rows, classes: z.number(), scores: z.record(z.string(), z.number()) };
const ofClasses = z.object({ labels: z.array(z.number()), ...common });
/** Made by `test/fixtures/monitors.py`. */
const cases = z
  .object({ uneven: ofClasses, absent: ofClasses, two: ofClasses, labels: z.object({ targets: rows, ...common }) })
  .parse(JSON.parse(await readFile('test/fixtures/monitors.json', 'utf8')));

const flat = (values: readonly (readonly number[])[]): Float32Array => Float32Array.from(values.flat());

for (const name of ['uneven', 'absent', 'two'] as const) {
  test(`metrics of ${name} classes are scikit-learn's`, (t) => {
    const { labels, outputs, classes, scores } = cases[name];
    const names = Object.keys(scores) as MetricName[];
    const found = classMetrics(names, flat(outputs), Int32Array.from(labels), { classes, fromLogits: true });
    for (const [metric, expected] of Object.entries(scores)) {
      const value = found[metric as MetricName] ?? Number.NaN;
      t.true(Math.abs(value - expected) < 1e-12, `${metric}: ${value}, scikit-learn ${expected}`);
    }
  });
}

test("metrics of several labels an image are scikit-learn's", (t) => {
  const { targets, outputs, classes, scores } = cases.labels;
  const names = Object.keys(scores) as MetricName[];
  const found = labelMetrics(names, flat(outputs), flat(targets), { classes, fromLogits: true });
  for (const [metric, expected] of Object.entries(scores)) {
    const value = found[metric as MetricName] ?? Number.NaN;
    t.true(Math.abs(value - expected) < 1e-12, `${metric}: ${value}, scikit-learn ${expected}`);
  }
});

test('the fixture has every metric of classes', (t) => {
  const there = new Set(Object.values(cases).flatMap(({ scores }) => Object.keys(scores)));
  t.deepEqual(
    metricNames.filter((name) => !there.has(name)),
    [...maskMetrics, ...boxMetrics],
  );
});

test('an area under the curve is not a number where all samples are of one class', (t) => {
  const { auc } = classMetrics(['auc'], Float32Array.of(1, 0, 0, 1), Int32Array.of(1, 1), {
    classes: 2,
    fromLogits: true,
  });
  t.is(auc, Number.NaN);
});
