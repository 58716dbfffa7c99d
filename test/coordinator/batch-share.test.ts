import test from 'ava';
import { BatchShare } from '../../src/coordinator/index.js';

test("ranks' samples of a batch follow each other, and shards differ by one sample", (t) => {
  // 10 samples in 4 shards: 3, 3, 2, 2. Three ranks have shards 0 and 1, 2, 3.
  const spans = [
    [0, 2],
    [2, 3],
    [3, 4],
  ].map(([begin = 0, end = 0]) => new BatchShare(4, { begin, end }).samples(10));
  t.deepEqual(spans, [
    { begin: 0, end: 6 },
    { begin: 6, end: 8 },
    { begin: 8, end: 10 },
  ]);
});

test('a rank whose shards have no samples of a small batch has an empty span', (t) => {
  t.deepEqual(new BatchShare(4, { begin: 2, end: 4 }).samples(2), { begin: 2, end: 2 });
});

test('samples that are counted between positions are those of the batches they lie in', (t) => {
  const [samples, batchSize] = [50, 12]; // batches of 12, the last of 2
  for (const own of [
    { begin: 0, end: 2 },
    { begin: 2, end: 3 },
  ]) {
    const share = new BatchShare(3, own);
    const mine = Array.from({ length: samples }, (_, position) => {
      const first = position - (position % batchSize);
      const { begin, end } = share.samples(Math.min(batchSize, samples - first));
      return position >= first + begin && position < first + end;
    });
    for (let from = 0; from < samples; from++) {
      for (let until = from; until <= samples; until++) {
        const expected = mine.slice(from, until).filter(Boolean).length;
        if (share.counted({ samples, batchSize }, from, until) !== expected) t.fail(`${from} to ${until}`);
      }
    }
    t.true(mine.includes(true));
  }
});
