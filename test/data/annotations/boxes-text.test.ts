/** Boxes of Pascal VOC and YOLO: what is read, and what is refused with file and line. */
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readVoc, readYolo, type VocOptions } from '../../../src/data/annotations/index.js';
import { plainPng, temporaryFolder, writeTree } from '../../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
const png = await plainPng('red', 20, 30);
test.after.always(remove);

const text = (content: string): Buffer => Buffer.from(content);
let made = 0;
const tree = (files: Readonly<Record<string, Uint8Array>>): Promise<string> =>
  writeTree(path.join(folder, String(made++)), files);

/** An annotation in the form of Pascal VOC's own files. */
function xml(objects: string, size = '<size><width>30</width><height>20</height><depth>3</depth></size>'): Buffer {
  return text(`<annotation>
  <folder>VOC2007</folder>
  <filename>1.jpg</filename>
  <source><database>The VOC2007 Database</database></source>
  ${size}
  <segmented>0</segmented>
${objects}
</annotation>
`);
}

const object = (name: string, box: readonly number[], more = ''): string => {
  const [xmin, ymin, xmax, ymax] = box;
  const sides = `<xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax>`;
  return `  <object><name>${name}</name><pose>Left</pose>${more}<bndbox>${sides}</bndbox></object>`;
};

async function voc(annotation: Buffer, options?: VocOptions) {
  const root = await tree({ 'Annotations/1.xml': annotation, 'JPEGImages/1.jpg': png });
  return { root, file: path.join(root, 'Annotations', '1.xml'), result: () => readVoc(root, options) };
}

async function refused(t: ExecutionContext, annotation: Buffer, message: string): Promise<void> {
  const { file, result } = await voc(annotation);
  await t.throwsAsync(result, { code: 'CONVOY_DATA', message: `${file}: ${message}` });
}

test('boxes of VOC with both ends in them, from 1, become half-open from 0; parts are no objects', async (t) => {
  const part =
    '<part><name>head</name><bndbox><xmin>3</xmin><ymin>3</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></part>';
  const objects = [
    object('dog', [1, 1, 30, 20], '<difficult>0</difficult>'),
    object('person', [5, 6, 5, 6], '<truncated>1</truncated><difficult>1</difficult>').replace(
      '</object>',
      `${part}</object>`,
    ),
  ];
  const { result } = await voc(xml(objects.join('\n')));
  const { images, classes } = await result();
  t.is(classes.length, 20);
  t.deepEqual(
    images[0]?.objects.map((item) => [classes[item.class], item.box, item.difficult]),
    [
      ['dog', [0, 0, 30, 20], false], // the whole image
      ['person', [4, 5, 5, 6], true], // one pixel
    ],
  );
  t.deepEqual([images[0]?.width, images[0]?.height], [30, 20]);
});

test('names of other classes are sorted; given classes are the only ones; a missing size is read from the image', async (t) => {
  const two = xml([object('zebra', [2, 2, 9, 9]), object('ant &amp; bee', [2, 2, 9, 9])].join('\n'), '');
  const own = await (await voc(two)).result();
  t.deepEqual(own.classes, ['ant & bee', 'zebra']);
  t.deepEqual([own.images[0]?.width, own.images[0]?.height], [30, 20]);
  const given = await (await voc(two, { classes: ['zebra'], onBad: 'skip' })).result();
  t.is(given.images[0]?.objects.length, 1);
  t.regex(given.problems[0]?.message ?? '', /line 8, object 2: expected one of the 1 classes but found "ant & bee"/);
});

test('lists of ImageSets say which images, whatever stands after the name', async (t) => {
  const root = await tree({
    'Annotations/1.xml': xml(object('dog', [1, 1, 3, 3])),
    'JPEGImages/1.jpg': png,
    'Annotations/2.xml': text('not read'),
    'ImageSets/Main/train.txt': text('1  1\n'),
    'ImageSets/Main/bad.txt': text('1\n../1\n'),
  });
  const { images } = await readVoc(root, { split: 'train' });
  t.deepEqual(
    images.map(({ file }) => path.basename(file)),
    ['1.jpg'],
  );
  await t.throwsAsync(() => readVoc(root, { split: 'bad' }), {
    message: /bad.txt: line 2: expected the name of an image/,
  });
  await t.throwsAsync(() => readVoc(root, { split: 'no' }), { message: /no.txt: expected a readable file/ });
});

test('XML that is damaged, expands or is of something else is refused with its line', async (t) => {
  const bomb = `<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>
<annotation><filename>&c;</filename></annotation>`;
  await refused(t, text(bomb), 'line 2: expected XML without a document type but found <!DOCTYPE');
  const outside = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<annotation>&x;</annotation>';
  await refused(t, text(outside), 'line 1: expected XML without a document type but found <!DOCTYPE');
  await refused(
    t,
    text('<annotation>\n<filename>&x;</filename></annotation>'),
    'line 2: expected well-formed XML but found Invalid character entity',
  );
  await refused(
    t,
    text('<annotation>\n<size>\n</annotation>'),
    'line 3: expected well-formed XML but found Unexpected close tag',
  );
  await refused(t, text('<annotation>\n<size>\n'), 'line 3: expected well-formed XML but found Unclosed root tag');
  await refused(t, text('<svg/>'), 'line 1: expected <annotation> but found <svg>');
  await refused(t, text('<a>'.repeat(100)), 'line 1: expected at most 64 levels of elements but found a deeper one');
});

test('bad objects of VOC are refused with line and number', async (t) => {
  const wrong = async (item: string, message: string): Promise<void> =>
    refused(t, xml(`${object('dog', [1, 1, 5, 5])}\n${item}`), message);
  await wrong(
    object('dog', [9, 3, 8, 6]),
    'line 8, object 2: expected a box with an area, as left, top, right, bottom, but found [8, 2, 8, 6]',
  );
  await wrong(
    object('dog', [1, 1, 33, 6]),
    'line 8, object 2: expected a box inside the image of 30x20 (width x height), as left, top, right, bottom, but found [0, 0, 33, 6]',
  );
  await wrong('<object><name>dog</name></object>', 'line 8: expected <bndbox> in <object> but found none');
  await wrong(
    object('dog', [1, 1, 5, 5]).replace('<xmax>5', '<xmax>five'),
    'line 8: expected a number in <xmax> but found "five"',
  );
});

test('a missing image of VOC is refused, or left out and counted', async (t) => {
  const root = await tree({ 'Annotations/1.xml': xml(object('dog', [1, 1, 5, 5])), 'JPEGImages/2.jpg': png });
  await t.throwsAsync(() => readVoc(root), {
    code: 'CONVOY_DATA',
    message: /1\.xml: <filename> of 1: expected the image .*1\.jpg but found no such file/,
  });
  const { images, problems } = await readVoc(root, { onBad: 'skip' });
  t.is(images.length, 0);
  t.is(problems.length, 1);
});

const yaml = (content: string) => ({
  'data.yaml': text(content),
  'images/train/1.png': png,
  'images/train/2.png': png,
  'labels/train/1.txt': text('1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.9 0.1 0.5 0.8\n\n'),
});

test('shares of YOLO become pixels, polygons have boxes, an image without labels has no object', async (t) => {
  for (const names of ['[cat, dog]', '\n  0: cat\n  1: dog']) {
    const root = await tree(yaml(`path: .\ntrain: images/train\nnc: 2\nnames: ${names}\n`));
    const { images, classes } = await readYolo(root);
    t.deepEqual(classes, ['cat', 'dog']);
    const [first, second] = images;
    // 0.5 +- 0.1 of 30, 0.5 +- 0.2 of 20
    t.deepEqual(
      first?.objects[0]?.box.map((side) => Number(side.toFixed(9))),
      [12, 6, 18, 14],
    );
    t.is(first?.objects[0]?.class, 1);
    t.deepEqual(
      first?.objects[1]?.box.map((side) => Number(side.toFixed(9))),
      [3, 2, 27, 16],
    );
    t.truthy(first?.objects[1]?.segmentation);
    t.deepEqual(second?.objects, []);
  }
});

test('YOLO: classes.txt, lists of images and the places that Roboflow writes', async (t) => {
  const plain = await tree({
    'classes.txt': text('cat\ndog\n'),
    'images/1.png': png,
    'labels/1.txt': text('0 0.5 0.5 1 1\n'),
  });
  const found = await readYolo(plain);
  t.deepEqual(found.classes, ['cat', 'dog']);
  t.deepEqual(found.images[0]?.objects[0]?.box, [0, 0, 30, 20]);
  const listed = await tree({
    ...yaml('train: train.txt\nnames: [cat, dog]\n'),
    'train.txt': text('./images/train/1.png\n'),
  });
  t.is((await readYolo(path.join(listed, 'data.yaml'))).images.length, 1);
  const roboflow = await tree({
    'data.yaml': text('train: ../train/images\nval: ../valid/images\nnames: [cat]\n'),
    'train/images/1.png': png,
    'train/labels/1.txt': text('0 0.5 0.5 1 1\n'),
  });
  t.is((await readYolo(roboflow)).images[0]?.objects.length, 1);
});

test('bad lines and files of YOLO are refused with file and line, or left out and counted', async (t) => {
  const withLabels = async (labels: string) =>
    tree({ ...yaml('train: images/train\nnames: [cat, dog]\n'), 'labels/train/1.txt': text(labels) });
  const wrong = async (labels: string, message: string): Promise<void> => {
    const root = await withLabels(`0 0.5 0.5 0.2 0.2\n${labels}\n`);
    const expected = `${path.join(root, 'labels', 'train', '1.txt')}: line 2${message}`;
    await t.throwsAsync(() => readYolo(root), { code: 'CONVOY_DATA', message: expected });
    const { images, problems } = await readYolo(root, { onBad: 'skip' });
    t.deepEqual([images.length, images[0]?.objects.length, problems.length], [2, 1, 1]);
  };
  await wrong('2 0.5 0.5 0.2 0.2', ': expected a class from 0 to 1 but found 2');
  await wrong(
    '0 0.5 0.5 0 0.2',
    ': expected a box with an area, as left, top, right, bottom, but found [15, 8, 15, 12]',
  );
  await wrong('0 15 10 6 4', ": expected shares of the image's sides, 0 to 1, but found 15; are these pixels?");
  await wrong(
    '0 0.95 0.5 0.4 0.2',
    ': expected a box inside the image of 30x20 (width x height), as left, top, right, bottom, but found [22.5, 8, 34.5, 12]',
  );
  await wrong(
    '0 0.1 0.1 0.2',
    ': expected a class and x, y, width, height, or a class and at least 3 points but found "0 0.1 0.1 0.2"',
  );
  const config = async (content: string, message: RegExp): Promise<void> => {
    const root = await tree(yaml(content));
    await t.throwsAsync(() => readYolo(root), { code: 'CONVOY_DATA', message });
  };
  await config('train: images/train\n', /data.yaml: names: expected a list of classes but found none/);
  await config('train: images/train\nnames: {0: cat, 2: dog}\n', /data.yaml: names: expected class 1 but found "2"/);
  await config(
    'train: images/train\nnc: 3\nnames: [cat]\n',
    /data.yaml: nc: expected 1, as many as names, but found 3/,
  );
  await config(
    'train: images/other\nnames: [cat]\n',
    /data.yaml: train: expected the folder or list images\/other but found none/,
  );
  await config('a: &a [x]\nnames: [*a, *a]\n', /data.yaml: expected YAML but found Alias resolution is disabled/);
  await config('names: [cat\n', /data.yaml: line 2: expected YAML/);
});
