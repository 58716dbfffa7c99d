/** Draws by class; right numbers by hand. */
import test from 'ava';
import type { Dataset } from '../../src/contracts/index.js';
import { datasetFromArrays, drawByClass } from '../../src/data/index.js';

/** A dataset of 1x1 images with these labels. */
const withLabels = (labels: readonly number[], classes: number): Dataset =>
  datasetFromArrays({
    images: new Uint8Array(labels.length),
    shape: { height: 1, width: 1, channels: 1 },
    labels: [...labels],
    classes: Array.from({ length: classes }, (_, label) => `class ${label}`),
  });

const labelsOf = ({ targets }: Dataset, samples: Uint32Array): number[] =>
  Array.from(samples, (sample) => (targets.kind === 'classes' ? (targets.labels[sample] as number) : -1));

/** As CIFAR-10's archive of images: class after class in turn. Every tenth sample is of one class. */
const interleaved = withLabels(
  Array.from({ length: 10_000 }, (_, sample) => sample % 10),
  10,
);
const sorted = withLabels(
  Array.from({ length: 1000 }, (_, sample) => Math.floor(sample / 100)),
  10,
);

for (const [what, dataset] of Object.entries({ 'in turn': interleaved, 'class by class': sorted })) {
  test(`a dataset whose samples come ${what} gives the same number of each class`, (t) => {
    for (const count of [10, 100, 1000]) {
      const drawn = drawByClass(dataset, count, 1);
      t.is(new Set(drawn).size, count);
      for (let label = 0; label < 10; label++) {
        t.is(labelsOf(dataset, drawn).filter((one) => one === label).length, count / 10);
      }
    }
    t.deepEqual(labelsOf(dataset, drawByClass(dataset, 12, 1)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  });
}

test('the seed decides which samples of a class are drawn', (t) => {
  t.deepEqual(drawByClass(interleaved, 50, 3), drawByClass(interleaved, 50, 3));
  t.notDeepEqual(drawByClass(interleaved, 50, 3), drawByClass(interleaved, 50, 4));
});

test('a class with few samples gives all, the others share the rest', (t) => {
  // 1 of class 0, 2 of class 1, 20 of class 2; class 3 has none.
  const dataset = withLabels([2, 0, 1, 1, ...Array.from({ length: 19 }, () => 2)], 4);
  const drawn = labelsOf(dataset, drawByClass(dataset, 9, 1));
  t.deepEqual(
    [0, 1, 2].map((label) => drawn.filter((one) => one === label).length),
    [1, 2, 6],
  );
  t.deepEqual(
    [...drawByClass(dataset, 100, 1)].sort((a, b) => a - b),
    Array.from({ length: 23 }, (_, i) => i),
  );
});

test('samples of several labels are drawn from all', (t) => {
  const values = new Float32Array(new SharedArrayBuffer(40 * 4));
  const dataset: Dataset = { ...withLabels(new Array(20).fill(0), 2), targets: { kind: 'multi-label', values } };
  t.is(new Set(drawByClass(dataset, 7, 1)).size, 7);
});
