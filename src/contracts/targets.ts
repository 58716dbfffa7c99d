/** What training is told of each sample, and the form that it has in shared memory and in the graph. */
import type { Dataset, ImageShape, Targets } from './dataset.js';

/**
 * - `classes`: one class an image;
 * - `multi-label`: a number from 0 to 1 for each class;
 * - `masks`: a class for each pixel;
 * - `pixels`: the image itself.
 */
export type TargetKind = 'classes' | 'multi-label' | 'masks' | 'pixels';

/** The value of a mask's pixel that neither trains nor counts. */
export const ignoredPixel = 255;

/** The targets of one sample in a batch slot. */
export interface TargetForm {
  readonly type: 'int32' | 'float32' | 'uint8';
  /** Without the samples' axis: empty for one number a sample. Undefined where the slot's pixels are the targets. */
  readonly shape: readonly number[] | undefined;
}

/** The form that targets of a kind have. */
export function targetForm(
  kind: TargetKind,
  { classes, image }: { readonly classes: number; readonly image: { readonly height: number; readonly width: number } },
): TargetForm {
  switch (kind) {
    case 'classes':
      return { type: 'int32', shape: [] };
    case 'multi-label':
      return { type: 'float32', shape: [classes] };
    case 'masks':
      return { type: 'uint8', shape: [image.height, image.width] };
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

/** The classes that a sample shows: its own, those of several labels above a half, or those of its mask's pixels. */
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
    case 'pixels':
      return [];
  }
}
