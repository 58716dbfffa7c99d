/** Targets of samples: their kinds, and their form in shared memory and in the graph. */
import type { BoxTargets, Dataset, ImageShape, Targets } from './dataset.js';

/**
 * - `classes`: one class an image;
 * - `multi-label`: a number from 0 to 1 for each class;
 * - `masks`: a class for each pixel;
 * - `boxes`: objects, each with a box and a class;
 * - `pixels`: the image itself.
 */
export type TargetKind = 'classes' | 'multi-label' | 'masks' | 'boxes' | 'pixels';

/** The value of a mask's pixel that neither trains nor counts. */
export const ignoredPixel = 255;

/** Numbers of a row of boxes: left, top, right, bottom, class, and one of `boxRow`. */
export const boxLength = 6;

/**
 * What a row of boxes is: nothing, an object, or a region that is neither object nor background (a crowd of COCO, a
 * difficult object of Pascal VOC).
 */
export const boxRow = { empty: 0, object: 1, ignored: 2 } as const;

/** The targets of one sample in a batch slot. */
export interface TargetForm {
  readonly type: 'int32' | 'float32' | 'uint8';
  /** Without the samples' axis: empty for one number a sample. Undefined where the slot's pixels are the targets. */
  readonly shape: readonly number[] | undefined;
}

/** The form that targets of a kind have. */
export function targetForm(
  kind: TargetKind,
  {
    classes,
    image,
    boxes = 0,
  }: {
    readonly classes: number;
    readonly image: { readonly height: number; readonly width: number };
    readonly boxes?: number;
  },
): TargetForm {
  switch (kind) {
    case 'classes':
      return { type: 'int32', shape: [] };
    case 'multi-label':
      return { type: 'float32', shape: [classes] };
    case 'masks':
      return { type: 'uint8', shape: [image.height, image.width] };
    case 'boxes':
      return { type: 'float32', shape: [boxes, boxLength] };
    case 'pixels':
      return { type: 'uint8', shape: undefined };
  }
}

/** Numbers that the targets of one sample have in their slot. */
export function targetLength({ shape }: TargetForm): number {
  return shape === undefined ? 0 : shape.reduce((length, size) => length * size, 1);
}

/**
 * The targets of some samples, in their order, in shared memory of their own.
 *
 * @param sizes of the dataset that they are of.
 */
export function selectTargets(
  targets: Targets,
  indices: ArrayLike<number>,
  { classes, shape }: { readonly classes: readonly string[]; readonly shape: ImageShape },
): Targets {
  const count = indices.length;
  switch (targets.kind) {
    case 'pixels':
      return targets;
    case 'classes': {
      const labels = new Int32Array(new SharedArrayBuffer(count * 4));
      return { kind: 'classes', labels: take(targets.labels, indices, 1, labels) };
    }
    case 'multi-label': {
      const values = new Float32Array(new SharedArrayBuffer(count * classes.length * 4));
      return { kind: 'multi-label', values: take(targets.values, indices, classes.length, values) };
    }
    case 'masks': {
      const each = shape.height * shape.width;
      const masks = new Uint8Array(new SharedArrayBuffer(count * each));
      return { kind: 'masks', masks: take(targets.masks, indices, each, masks) };
    }
    case 'boxes': {
      const { capacity } = targets;
      const boxes = new Float32Array(new SharedArrayBuffer(count * capacity * boxLength * 4));
      return { kind: 'boxes', capacity, boxes: take(targets.boxes, indices, capacity * boxLength, boxes) };
    }
  }
}

function take<Numbers extends Int32Array | Float32Array | Uint8Array>(
  from: { subarray(start: number, end: number): ArrayLike<number> },
  indices: ArrayLike<number>,
  each: number,
  to: Numbers,
): Numbers {
  for (let place = 0; place < indices.length; place++) {
    const start = (indices[place] as number) * each;
    to.set(from.subarray(start, start + each), place * each);
  }
  return to;
}

/** The classes that a sample shows: its own, those of several labels above a half, those of its mask's pixels, or those of its objects. */
export function classesOf(
  { targets, classes, shape }: Pick<Dataset, 'targets' | 'classes' | 'shape'>,
  sample: number,
): number[] {
  switch (targets.kind) {
    case 'classes':
      return [targets.labels[sample] ?? 0];
    case 'multi-label':
      return classes.flatMap((_, label) =>
        (targets.values[sample * classes.length + label] ?? 0) >= 0.5 ? [label] : [],
      );
    case 'masks': {
      const each = shape.height * shape.width;
      const seen = new Set(targets.masks.subarray(sample * each, (sample + 1) * each));
      return classes.flatMap((_, label) => (seen.has(label) ? [label] : []));
    }
    case 'boxes': {
      const seen = new Set(objectsOf(targets, sample).map(({ label }) => label));
      return classes.flatMap((_, label) => (seen.has(label) ? [label] : []));
    }
    case 'pixels':
      return [];
  }
}

/** An object of an image. */
export interface BoxObject {
  /** Left, top, right, bottom, pixels of the dataset's shape; right and bottom are not part of the box. */
  readonly box: readonly [number, number, number, number];
  /** Index of its class. */
  readonly label: number;
  /** True for a region that is neither object nor background. */
  readonly ignored: boolean;
}

/** The objects of a sample, and the regions to ignore. */
export function objectsOf(
  { boxes, capacity }: { readonly boxes: Float32Array; readonly capacity: number },
  sample: number,
): BoxObject[] {
  const objects: BoxObject[] = [];
  for (let row = sample * capacity; row < (sample + 1) * capacity; row++) {
    const [left = 0, top = 0, right = 0, bottom = 0, label = 0, kind] = boxes.subarray(
      row * boxLength,
      (row + 1) * boxLength,
    );
    if (kind === boxRow.empty) continue;
    objects.push({ box: [left, top, right, bottom], label, ignored: kind === boxRow.ignored });
  }
  return objects;
}

/**
 * The same boxes with more empty rows a sample: splits of one run have the same number.
 *
 * @param capacity at least that of the targets.
 */
export function withCapacity(targets: BoxTargets, capacity: number): BoxTargets {
  const own = targets.capacity * boxLength;
  if (capacity === targets.capacity) return targets;
  const count = targets.boxes.length / own;
  const boxes = new Float32Array(new SharedArrayBuffer(count * capacity * boxLength * 4));
  for (let sample = 0; sample < count; sample++) {
    boxes.set(targets.boxes.subarray(sample * own, (sample + 1) * own), sample * capacity * boxLength);
  }
  return { kind: 'boxes', boxes, capacity };
}
