import test from 'ava';
import type { Dataset } from '../../src/contracts/index.js';
import { checkImages } from '../../src/tools/check-images.js';
import { drawByClass, labelOf } from '../../src/tools/sample-pictures.js';
import { tinyDatasets } from '../support/tiny.js';

const { train } = tinyDatasets(50, 12); // classes 0, 1, 2, 0, 1, 2, ...

test('samples are drawn by the seed, the same number of each class', (t) => {
  const drawn = drawByClass(train, 13, 5);
  t.deepEqual(
    [...drawn].map((sample) => sample % 3),
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
  );
  t.is(new Set(drawn).size, 12, 'none twice');
  t.deepEqual(drawByClass(train, 13, 5), drawn);
  t.notDeepEqual(drawByClass(train, 13, 6), drawn);
});

test('a class with fewer samples gives all it has, and of more classes than samples some give one', (t) => {
  const labels = new Int32Array(new SharedArrayBuffer(40));
  labels.set([0, 0, 0, 0, 0, 2, 2, 2, 2, 1]);
  const uneven: Dataset = { ...train, count: 10, targets: { kind: 'classes', labels } };
  const perClass = (samples: Uint32Array) =>
    [0, 1, 2].map((label) => [...samples].filter((sample) => labels[sample] === label).length);
  t.deepEqual(perClass(drawByClass(uneven, 9, 0)), [3, 1, 3]);
  t.is(Math.max(...perClass(drawByClass(uneven, 2, 0))), 1);
  t.is(drawByClass(uneven, 2, 0).length, 2);
});

test('a sample of several labels names them all', (t) => {
  const values = new Float32Array(new SharedArrayBuffer(24));
  values.set([1, 0, 1]);
  const several: Dataset = { ...train, count: 2, targets: { kind: 'multi-label', values } };
  t.deepEqual([labelOf(several, 0), labelOf(several, 1)], ['top, bottom', 'none']);
  t.is(drawByClass(several, 2, 0).length, 2);
});

test('images without files are checked by split, class and number', async (t) => {
  const { test: few } = tinyDatasets(9, 12);
  if (few.store.kind !== 'pixels') throw new Error('expected pixels');
  few.store.pixels.copyWithin(5 * 64, 0, 64); // image 5, of class bottom, is image 0, of class top
  few.store.pixels.copyWithin(10 * 64, 4 * 64, 5 * 64); // image 10 is image 4, both of class middle
  few.store.pixels.fill(7, 64, 128);
  t.deepEqual(await checkImages([few]), {
    acrossFolders: [['test/top/0', 'test/bottom/5']],
    withinFolder: [['test/middle/4', 'test/middle/10']],
    blank: ['test/middle/1'],
    sizes: [['8x8', 12]],
  });
});
