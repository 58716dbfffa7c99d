/** Datasets of image files, and what the stage makes of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { parseAugment } from '../../augment/spec/index.js';
import { createAugmentStage, createGatherStage } from '../../augment/stage/index.js';
import type { BatchSlot, Dataset, ImageShape } from '../../src/contracts/index.js';

export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-augment-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function fileDataset(root: string, paths: readonly string[], shape: ImageShape): Dataset {
  const count = paths.length;
  const labels = new Int32Array(new SharedArrayBuffer(count * 4));
  for (let i = 0; i < count; i++) labels[i] = i % 2;
  return {
    name: 'files',
    split: 'train',
    count,
    classes: ['even', 'odd'],
    shape,
    store: { kind: 'files', root, paths },
    targets: { kind: 'classes', labels },
    fingerprint: '',
  };
}

export function slotFor(dataset: Dataset): BatchSlot {
  const { height, width, channels } = dataset.shape;
  return {
    pixels: new Uint8Array(new SharedArrayBuffer(dataset.count * height * width * channels)),
    labels: new Int32Array(new SharedArrayBuffer(dataset.count * 4)),
  };
}

/** One epoch of the whole dataset as one batch. */
export async function wholeEpoch(dataset: Dataset, augment = 'none'): Promise<Uint8Array> {
  const slot = slotFor(dataset);
  const transforms = parseAugment(augment);
  const slots = [slot];
  const stage =
    augment === 'none'
      ? createGatherStage({ dataset, slots })
      : await createAugmentStage({ dataset, slots, transforms, seed: 1, workers: 1, batchSize: dataset.count });
  try {
    const order = Uint32Array.from({ length: dataset.count }, (_, index) => index);
    stage.begin(0, order, 0);
    await stage.fill({ epoch: 0, position: 0, samples: order, slot: 0 });
    return slot.pixels;
  } finally {
    await stage.close();
  }
}

/** Left half red, right half blue; `turned` stores it on its side with the EXIF note that turns it back. */
export async function redBlue(width: number, height: number): Promise<Sharp> {
  const half = await sharp({ create: { width: width / 2, height, channels: 3, background: '#f00' } })
    .png()
    .toBuffer();
  return sharp({ create: { width, height, channels: 3, background: '#00f' } }).composite([
    { input: half, left: 0, top: 0 },
  ]);
}
