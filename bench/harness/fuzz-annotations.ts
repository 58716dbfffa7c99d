/** Readers of annotated datasets, and whole files to start from. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { paintObjects, readCoco, readIndexMask, readVoc, readYolo } from '../../src/data/annotations/index.js';
import { plainValues } from '../../src/data/annotations/index-mask.js';
import { decodeRle, polygonRle, rleFromCounts, rleFromText, rleToText } from '../../src/masks/index.js';
import type { FuzzParser } from './fuzz-parser.js';

const size = { width: 30, height: 20 };
const counts = [3, 5, 592];
const encoded = rleToText(rleFromCounts(counts, [20, 30]));
const rectangle = [2, 3, 12, 3, 12, 8, 2, 8];

const image = sharp({ create: { ...size, channels: 3, background: 'red' } })
  .png()
  .toBuffer();

async function withImage(folder: string, name: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), await image);
}

const object = { image_id: 7, category_id: 13, bbox: [2, 3, 10, 5], area: 50, iscrowd: 0 };
const coco = {
  images: [
    { id: 7, file_name: 'a.png', ...size },
    { id: 8, file_name: 'a.png' },
  ],
  categories: [
    { id: 13, name: 'dog' },
    { id: 90, name: 'cat' },
  ],
  annotations: [
    { id: 1, ...object, segmentation: [rectangle] },
    { id: 2, ...object, iscrowd: 1, segmentation: { size: [20, 30], counts } },
    { id: 3, ...object, segmentation: { size: [20, 30], counts: encoded } },
  ],
};

const voc = `<?xml version="1.0" encoding="UTF-8"?>
<!-- by hand --><annotation verified="yes"><filename>a.png</filename><size><width>30</width><height>20</height></size>
<object><name>dog &amp; cat</name><difficult>1</difficult>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object></annotation>`;

const yaml = 'path: .\ntrain:\n  - images\nnc: 2\nnames:\n  0: dog\n  1: "cat"\n';

export const annotationParsers: readonly FuzzParser[] = [
  {
    name: 'COCO annotations',
    share: 60,
    file: 'instances.json',
    corpus: async () => [Buffer.from(JSON.stringify(coco, null, 1))],
    async read(file) {
      await withImage(dirname(file), 'images/a.png');
      const { images } = await readCoco(file, join(dirname(file), 'images'));
      for (const item of images) paintObjects(item);
    },
  },
  {
    name: 'Pascal VOC annotation',
    share: 60,
    file: 'a.xml',
    corpus: async () => [Buffer.from(voc)],
    async read(file, bytes) {
      const folder = dirname(file);
      await withImage(folder, 'JPEGImages/a.png');
      await mkdir(join(folder, 'Annotations'), { recursive: true });
      await writeFile(join(folder, 'Annotations', 'a.xml'), bytes);
      await readVoc(folder);
    },
  },
  {
    name: 'YOLO labels',
    share: 40,
    file: 'a.txt',
    corpus: async () => [Buffer.from('1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.9 0.1 0.5 0.8\n')],
    async read(file, bytes) {
      const folder = dirname(file);
      await withImage(folder, 'images/a.png');
      await mkdir(join(folder, 'labels'), { recursive: true });
      await writeFile(join(folder, 'labels', 'a.txt'), bytes);
      await writeFile(join(folder, 'classes.txt'), 'dog\ncat\n');
      await readYolo(join(folder, 'classes.txt'));
    },
  },
  {
    name: 'YOLO data.yaml',
    share: 40,
    file: 'data.yaml',
    corpus: async () => [Buffer.from(yaml)],
    async read(file) {
      await withImage(dirname(file), 'images/a.png');
      await readYolo(file);
    },
  },
  {
    name: 'mask in PNG',
    share: 80,
    file: 'mask.png',
    corpus: () => {
      const pixels = Buffer.from(Array.from({ length: 600 }, (_, at) => Math.floor(at / 90)));
      const grey = sharp(pixels, { raw: { ...size, channels: 1 } }).toColourspace('b-w');
      const palette = sharp(pixels, { raw: { ...size, channels: 1 } });
      return Promise.all([
        grey.clone().png().toBuffer(),
        grey.clone().png({ adaptiveFiltering: true }).toBuffer(),
        palette.png({ palette: true, colours: 4 }).toBuffer(),
      ]);
    },
    read: async (file) => readIndexMask({ file, classOf: plainValues(8) }, size),
  },
  {
    name: 'run-length encoding',
    share: 40,
    file: 'rle.txt',
    corpus: async () => [Buffer.from(encoded), Buffer.from(rleToText(polygonRle(rectangle, 20, 30)))],
    read: async (_file, bytes) => decodeRle(rleFromText(bytes.toString('latin1'), [20, 30])),
  },
  {
    name: 'polygon',
    share: 40,
    file: 'polygon.txt',
    corpus: async () => [Buffer.from(rectangle.join(' ')), Buffer.from('1.5 2 29.9 -4 1e2 17 0 0')],
    read: async (_file, bytes) => polygonRle(bytes.toString('latin1').split(/\s+/).map(Number), 20, 30),
  },
];
