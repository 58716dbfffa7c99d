import test from 'ava';
import { tf } from '../../src/base/tf.js';
import type { ClassTargets, MultiLabelTargets, PixelStore } from '../../src/contracts/index.js';
import { datasetFromArrays } from '../../src/data/index.js';

// Two images of 2x2 with one channel.
const nested = [
  [
    [0, 1],
    [2, 3],
  ],
  [
    [4, 5],
    [6, 255],
  ],
];
const flat = [0, 1, 2, 3, 4, 5, 6, 255];

test('nested arrays, tensors and typed arrays give the same dataset', (t) => {
  const labels = [1, 0];
  const shape = { height: 2, width: 2, channels: 1 };
  const forms = [
    datasetFromArrays({ images: nested, labels }),
    datasetFromArrays({ images: tf.tensor(nested, undefined, 'int32'), labels: tf.tensor1d(labels, 'int32') }),
    datasetFromArrays({ images: Uint8Array.from(flat), shape, labels: Int32Array.from(labels) }),
  ];
  for (const { store, targets, shape: found, count, classes, fingerprint } of forms) {
    t.deepEqual([...(store as PixelStore).pixels], flat);
    t.deepEqual([...(targets as ClassTargets).labels], labels);
    t.deepEqual(found, shape);
    t.is(count, 2);
    t.deepEqual(classes, ['0', '1']);
    t.is(fingerprint, forms[0]?.fingerprint ?? '');
  }
});

test('class names become indices, sorted or in the order given; rows become several labels', (t) => {
  const images = nested;
  const named = datasetFromArrays({ images, labels: ['dog', 'cat'] });
  t.deepEqual(named.classes, ['cat', 'dog']);
  t.deepEqual([...(named.targets as ClassTargets).labels], [1, 0]);
  const ordered = datasetFromArrays({ images, labels: ['dog', 'cat'], classes: ['dog', 'cat', 'bird'] });
  t.deepEqual([...(ordered.targets as ClassTargets).labels], [0, 1]);
  const many = datasetFromArrays({
    images,
    labels: [
      [1, 0, 1],
      [0, 0, 1],
    ],
    classes: ['sun', 'rain', 'wind'],
  });
  t.deepEqual([...(many.targets as MultiLabelTargets).values], [1, 0, 1, 0, 0, 1]);
});

test('what does not fit is refused with what was expected and found', (t) => {
  const labels = [0, 1];
  const refused: readonly [() => unknown, RegExp][] = [
    [
      () => datasetFromArrays({ images: nested, labels: [0] }),
      /one for each of the 2 images for labels but received 1/,
    ],
    [() => datasetFromArrays({ images: nested, labels: [0, 2], classes: ['a', 'b'] }), /labels\[1\]/],
    [() => datasetFromArrays({ images: nested, labels: ['a', 'x'], classes: ['a', 'b'] }), /one of a, b/],
    [() => datasetFromArrays({ images: Uint8Array.from(flat), labels }), /height, width and channels/],
    [
      () => datasetFromArrays({ images: Uint8Array.from(flat), shape: { height: 3, width: 1, channels: 1 }, labels }),
      /multiple of the 3/,
    ],
    [() => datasetFromArrays({ images: tf.tensor(nested).div(255), labels }), /multiply shares from 0 to 1 by 255/],
    [
      () =>
        datasetFromArrays({
          images: [
            [[0, 1], [2]],
            [
              [4, 5],
              [6, 7],
            ],
          ],
          labels,
        }),
      /arrays of one size/,
    ],
    [() => datasetFromArrays({ images: nested, labels: [[1, 0], [1]] }), /2 numbers from 0 to 1/],
  ];
  for (const [make, message] of refused) t.throws(make, { message });
});
