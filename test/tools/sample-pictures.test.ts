import test from 'ava';
import type { Dataset } from '../../src/contracts/index.js';
import { checkImages } from '../../src/tools/check-images.js';
import { labelOf } from '../../src/tools/sample-pictures.js';
import { tinyDatasets } from '../support/tiny-data.js';

const { train } = tinyDatasets(50, 12); // classes 0, 1, 2, 0, 1, 2, ...

test('a sample of several labels names them all', (t) => {
  const values = new Float32Array(new SharedArrayBuffer(24));
  values.set([1, 0, 1]);
  const several: Dataset = { ...train, count: 2, targets: { kind: 'multi-label', values } };
  t.deepEqual([labelOf(several, 0), labelOf(several, 1)], ['top, bottom', 'none']);
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
