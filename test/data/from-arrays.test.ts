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
    datasetFromArrays({ images: Float32Array.from(flat), shape, labels: Float32Array.from(labels) }),
    datasetFromArrays({ images: Float64Array.from(flat, (value) => value / 255), white: 1, shape, labels: [[1], [0]] }),
    datasetFromArrays({ images: tf.tensor2d(flat, [2, 4]), shape, labels: tf.tensor2d(labels, [2, 1]) }),
    datasetFromArrays({ images: nested.map((image) => tf.tensor(image)), labels }),
    datasetFromArrays({
      images: [Uint8Array.from(flat.slice(0, 4)), flat.slice(4)],
      shape,
      labels: Uint8Array.from(labels),
    }),
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

test('pixels are rounded to 8 bits', (t) => {
  const { store } = datasetFromArrays({
    images: [
      [
        [0.4, 0.6],
        [254.5, 3],
      ],
    ],
    labels: [0],
  });
  t.deepEqual([...(store as PixelStore).pixels], [0, 1, 255, 3]);
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
  const square = { height: 2, width: 2, channels: 1 };
  const refused: readonly [() => unknown, RegExp][] = [
    [
      () => datasetFromArrays({ images: nested, labels: [0] }),
      /one for each of the 2 images for labels but received 1/,
    ],
    [() => datasetFromArrays({ images: nested, labels: [0, 2], classes: ['a', 'b'] }), /labels\[1\]/],
    [() => datasetFromArrays({ images: nested, labels: ['a', 'x'], classes: ['a', 'b'] }), /one of a, b/],
    [() => datasetFromArrays({ images: Uint8Array.from(flat), labels }), /height, width, channels/],
    [
      () => datasetFromArrays({ images: Uint8Array.from(flat), shape: { height: 3, width: 1, channels: 1 }, labels }),
      /3 values for each image/,
    ],
    [() => datasetFromArrays({ images: tf.tensor(nested).div(255), labels }), /say white: 1 for pixels from 0 to 1/],
    [() => datasetFromArrays({ images: Float32Array.from([1, 0, 0, 1]), shape: square, labels: [0] }), /say white: 1/],
    [() => datasetFromArrays({ images: nested, white: 1, labels }), /from 0 to 1 for images but received 2/],
    [() => datasetFromArrays({ images: [], labels: [] }), /at least one image/],
    [() => datasetFromArrays({ images: ['a.png'] as never, labels: ['a'] }), /datasetFromFolder reads files/],
    [() => datasetFromArrays({ images: tf.ones([2, 3, 8, 8]), labels }), /transpose \[n, channels, height, width\]/],
    [
      () => datasetFromArrays({ images: nested, shape: { ...square, width: 4 }, labels }),
      /the size of the images, 2x2x1/,
    ],
    [() => datasetFromArrays({ images: flat, shape: [2, 2, 1] as never, labels }), /height, width, channels/],
    [() => datasetFromArrays({ images: nested, label: labels } as never), /did you mean labels/],
    [() => datasetFromArrays({ images: nested, labels, split: 'val' as never }), /validation/],
    [() => datasetFromArrays({ images: nested } as never), /labels but received nothing/],
    [() => datasetFromArrays({ images: nested, labels: [0, 1e9] }), /labels\[1\]/],
    [() => datasetFromArrays({ images: nested, labels: [0, 'cat'] as never }), /a number for labels\[1\]/],
    [() => datasetFromArrays({ images: nested, labels: ['cat', 0] as never }), /a class name.*labels\[1\]/],
    [() => datasetFromArrays({ images: nested, labels, classes: ['a', 'a'] }), /different names/],
    [
      // As many values as a whole array, in rows of different lengths.
      () => datasetFromArrays({ images: [nested[0] ?? [], [[4, 5, 6], [7]]], labels }),
      /one size.*images\[1\]\[1\]/,
    ],
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
      /arrays of one size.*images\[0\]\[1\]/,
    ],
    [() => datasetFromArrays({ images: nested, labels: [[1, 0], [1]] }), /one size.*labels\[1\]/],
  ];
  for (const [make, message] of refused) t.throws(make, { message });
});
