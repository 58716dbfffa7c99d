/** Formats of datasets, a file each. */
import { detection, segmentation } from './annotated.js';
import { cifar10Python, cifar100Python, cifarPython } from './cifar-python.js';
import type { DatasetFormat } from './define.js';
import { idx } from './idx.js';
import { imageArchive } from './image-archive.js';
import { imageFolder } from './image-folder.js';
import { labels } from './labels.js';
import { npz } from './npz.js';
import { packed } from './packed.js';
import { parquet } from './parquet.js';
import { tfrecord } from './tfrecord.js';

export { cifar10Layout, cifar100Layout, cifarBinary } from './cifar-binary.js';
export { cifar10Python, cifar100Python, cifarPython } from './cifar-python.js';
export type { DatasetFormat, FoundDataset, KnownDataset } from './define.js';
export { idx } from './idx.js';
export { imageArchive } from './image-archive.js';
export { imageFolder } from './image-folder.js';
export { digitScenes, shapeScenes } from './scenes.js';
export { shapeKinds } from './shape-kinds.js';
export { shapes } from './shapes.js';

/** The formats that a path may have, in the order in which they are tried: any folder or archive may be one of images. */
export const pathFormats: readonly DatasetFormat[] = [
  packed,
  cifarPython(cifar10Python),
  cifarPython(cifar100Python),
  imageArchive,
  npz,
  labels,
  tfrecord,
  parquet,
  idx,
  segmentation,
  detection,
  imageFolder,
];
