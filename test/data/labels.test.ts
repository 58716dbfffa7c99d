import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { readLabelTable } from '../../src/data/formats/label-table.js';
import { openDataset } from '../../src/data/index.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-labels-'));
  await mkdir(join(folder, 'images'));
  // Image n is of the grey 10 n, so that a sample tells which image it is.
  for (let index = 0; index < 10; index++) {
    const grey = 10 * index;
    const create = { width: 4, height: 4, channels: 3, background: { r: grey, g: grey, b: grey } } as const;
    await sharp({ create })
      .png()
      .toFile(join(folder, 'images', `${index}.png`));
  }
});
test.after.always(() => rm(folder, { recursive: true }));

async function open(name: string, text: string, more: { imageSize?: number; onBadImage?: 'skip' } = {}) {
  await writeFile(join(folder, name), text);
  return openDataset({ name: join(folder, name), seed: 1, ...more });
}

function numbersOf({ store }: { readonly store: { readonly kind: string; readonly pixels?: Uint8Array } }): number[] {
  const pixels = store.pixels ?? new Uint8Array();
  return Array.from({ length: pixels.length / 48 }, (_, index) => (pixels[48 * index] as number) / 10);
}

// Python's csv.writer wrote these texts.
const written = 'Image Path,Label,Split\r\na/1.png,"big, ""dark""",train\r\na/2.png,"light\nblue",val\r\n';
const semicolons = 'a/1.png;x\r\n"b;2.png";y\r\n';

test('tables of Python, with a byte order mark, quotes, line ends in cells and semicolons, are read as Python reads them', (t) => {
  t.deepEqual(readLabelTable('t.csv', `\uFEFF${written}`).rows, [
    { line: 2, path: 'a/1.png', labels: ['big, "dark"'], split: 'train' },
    { line: 3, path: 'a/2.png', labels: ['light\nblue'], split: 'val' },
  ]);
  t.deepEqual(
    readLabelTable('t.csv', semicolons).rows.map(({ path, labels }) => [path, ...labels]),
    [
      ['a/1.png', 'x'],
      ['b;2.png', 'y'],
    ],
  );
});

test.serial('a table with splits gives each image its class and split', async (t) => {
  const rows = Array.from(
    { length: 10 },
    (_, index) => `images/${index}.png\t${index % 2 ? 'odd' : 'even'}\t${index < 7 ? 'train' : 'test'}`,
  );
  const { train, test: tested, notes } = await open('split.tsv', `file\tclass\tsplit\n${rows.join('\n')}\n`);
  t.deepEqual(train.classes, ['even', 'odd']);
  for (const [set, images] of [
    [train, [0, 1, 2, 3, 4, 5, 6]],
    [tested, [7, 8, 9]],
  ] as const) {
    t.deepEqual(numbersOf(set as never), [...images]);
    t.deepEqual(
      set.targets.kind === 'classes' ? [...set.targets.labels] : [],
      images.map((image) => image % 2),
    );
  }
  t.is(notes.length, 0);
});

test.serial(
  'columns of 0 and 1, labels joined by |, and lists in JSON lines give several labels an image',
  async (t) => {
    const labels = (index: number): string[] => [
      ...(index % 2 ? ['odd'] : []),
      ...(index > 4 ? ['large'] : []),
      ...(index % 3 ? [] : ['triple']),
    ];
    const split = (index: number): string => (index < 8 ? 'train' : 'test');
    const each = <Row>(make: (index: number) => Row): Row[] => Array.from({ length: 10 }, (_, index) => make(index));
    const classes = ['large', 'odd', 'triple'];
    const texts = {
      'hot.csv': [
        'path,split,large,odd,triple',
        ...each((index) =>
          [`images/${index}.png`, split(index), ...classes.map((name) => Number(labels(index).includes(name)))].join(
            ',',
          ),
        ),
      ],
      'joined.csv': [
        'path,split,labels',
        ...each((index) => `images/${index}.png,${split(index)},${labels(index).join('|')}`),
      ],
      'lists.jsonl': each((index) =>
        JSON.stringify({ image: `images/${index}.png`, split: split(index), labels: labels(index) }),
      ),
    };
    for (const [name, lines] of Object.entries(texts)) {
      const { train, test: tested } = await open(name, lines.join('\n'));
      t.deepEqual(train.classes, classes, name);
      const rows = (targets: typeof train.targets): number[] =>
        targets.kind === 'multi-label' ? [...targets.values] : [];
      const expected = each((index) => classes.map((label) => Number(labels(index).includes(label))));
      t.deepEqual(rows(train.targets), expected.slice(0, 8).flat(), name);
      t.deepEqual(rows(tested.targets), expected.slice(8).flat(), name);
    }
  },
);

test.serial('without a test split a fifth is held out, and --image-size resizes', async (t) => {
  const text = Array.from({ length: 10 }, (_, index) => `images/${index}.png,${index % 2}`).join('\n');
  const { train, test: tested } = await open('plain.csv', text, { imageSize: 8 });
  t.deepEqual([train.count, tested.count], [8, 2]);
  t.deepEqual(train.shape, { height: 8, width: 8, channels: 3 });
  t.deepEqual(train.classes, ['0', '1']);
});

test.serial('another label gives another fingerprint', async (t) => {
  const text = (first: string): string =>
    ['path,label,split', `images/0.png,${first},train`, 'images/1.png,b,train', 'images/2.png,a,test'].join('\n');
  const [one, other] = [await open('one.csv', text('a')), await open('one.csv', text('b'))];
  t.not(one.train.fingerprint, other.train.fingerprint);
  t.is(one.test.fingerprint, other.test.fingerprint);
});

test.serial('damaged tables are refused with file, line and expectation', async (t) => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['x.csv', 'path,label\nimages/0.png,a\nimages/1.png\n', /x\.csv.*line 3.*2 columns.*1/],
    ['x.csv', 'path,label\nimages/0.png,"a\nimages/1.png,b\n', /line 2.*end of a quoted text/],
    ['x.csv', 'path,label\nimages/0.png,a\nimages/none.png,b\n', /line 3.*images\/none\.png, which is not there/],
    ['x.csv', 'path,label\nimages/0.png,a\nimages/0.png,b\n', /line 3.*which line 2 has too/],
    ['x.csv', 'path,label\nimages/0.png,a\nimages/1.png,\n', /line 3.*a label/],
    ['x.csv', 'path,label\nimages/0.png,a\nimages/1.png,a\n', /at least two classes/],
    ['x.csv', 'path,label,split\nimages/0.png,a,train\nimages/1.png,b,middle\n', /line 3.*a split.*middle/],
    ['x.csv', 'path,height,width\nimages/0.png,3,4\n', /one column of labels/],
    ['x.csv', '', /rows of an image and its label/],
    ['x.jsonl', '{"path": "images/0.png", "label": "a"}\n{"path": \n', /x\.jsonl.*line 2.*JSON/],
    ['x.jsonl', '{"label": "a"}\n', /line 1.*a text called path/],
    ['x.jsonl', '{"path": "images/0.png", "label": {}}\n', /line 1.*a label, or a list of labels/],
  ];
  for (const [name, text, message] of cases)
    await t.throwsAsync(open(name, text), { code: 'CONVOY_DATA', message }, text);
});
