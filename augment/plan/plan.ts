/**
 * Plans: which sample gets which transform with which parameters. Pure: a function of the list of transforms, the image
 * shape, the seed, the epoch, and the place in the epoch's order (window and place inside it), and of nothing else.
 */

import { RandomStream } from '../../src/base/random.js';
import type { ImageShape } from '../../src/contracts/index.js';
import type { Step, TransformChoice } from '../pixels/index.js';
import type { AugmentSpec, Transform } from '../spec/index.js';
import { appendAutomatic } from './automatic.js';
import { affineMatrix, deal, drawBox, drawErasing, strata } from './banks.js';
import { PlanBuilder } from './builder.js';

/** Which window of which epoch. */
export interface WindowKey {
  readonly seed: number;
  readonly epoch: number;
  /** Index of the window: it starts at position `window * windowSize` of the epoch's order. */
  readonly window: number;
  /** Samples in it (fewer than the window size in the last one). */
  readonly count: number;
}

/** Draws the plan of one window. */
export function planWindow(spec: AugmentSpec, shape: ImageShape, bankSize: number, key: WindowKey): readonly Step[] {
  const builder = new PlanBuilder(key.count, shape, bankSize);
  spec.forEach((transform, index) => {
    append(builder, transform, new RandomStream(key.seed, 'augment', key.epoch, key.window, index));
  });
  return builder.steps;
}

const wholePixels = (stream: RandomStream, limit: number): number => Math.round((2 * stream.uniform() - 1) * limit);

function append(builder: PlanBuilder, transform: Transform, stream: RandomStream): void {
  const { count, shape, bankSize, steps } = builder;
  switch (transform.name) {
    case 'flip':
    case 'verticalFlip': {
      const moves = builder.moves();
      for (let i = 0; i < count; i++) {
        if (stream.uniform() >= transform.probability) continue;
        if (transform.name === 'flip') moves.flipHorizontal(i);
        else moves.flipVertical(i);
      }
      return;
    }
    case 'crop': {
      const side = 2 * transform.padding + 1;
      const shifts = new Int16Array(count * 2);
      for (let i = 0; i < shifts.length; i++) shifts[i] = stream.below(side) - transform.padding;
      if (transform.border !== 'zero') {
        steps.push({ kind: 'pad', border: transform.border, shifts });
        return;
      }
      const moves = builder.moves();
      for (let i = 0; i < count; i++) moves.shift(i, shifts[2 * i] as number, shifts[2 * i + 1] as number);
      return;
    }
    case 'translate': {
      const moves = builder.moves();
      for (let i = 0; i < count; i++) {
        const dx = wholePixels(stream, transform.horizontal * shape.width);
        moves.shift(i, dx, wholePixels(stream, transform.vertical * shape.height));
      }
      return;
    }
    case 'resizedCrop':
    case 'centerCrop':
      return appendParts(builder, transform, stream);
    case 'rotate': {
      const angles = strata(stream, bankSize, transform.degrees);
      const bank = angles.map((degrees) => ({ matrix: affineMatrix(-degrees, 1, 0, 0) }));
      return builder.transform(bank, deal(stream, count, bankSize));
    }
    case 'scale': {
      const bank = strata(stream, bankSize, transform.range).map((scale) => ({ matrix: affineMatrix(0, scale, 0, 0) }));
      return builder.transform(bank, deal(stream, count, bankSize));
    }
    case 'shear': {
      const x = strata(stream, bankSize, transform.horizontal);
      const y = strata(stream, bankSize, transform.vertical);
      const bank = x.map((shear, i) => ({ matrix: affineMatrix(0, 1, shear, y[i] as number) }));
      return builder.transform(bank, deal(stream, count, bankSize));
    }
    case 'affine': {
      const scales = strata(stream, bankSize, transform.scale);
      const shears = strata(stream, bankSize, transform.shear);
      const bank = strata(stream, bankSize, transform.degrees).map((degrees, i) => ({
        matrix: affineMatrix(degrees, scales[i] as number, shears[i] as number, 0),
      }));
      const choices = deal(stream, count, bankSize);
      const shifts = new Int16Array(count * 2);
      for (let i = 0; i < count; i++) {
        shifts[2 * i] = wholePixels(stream, transform.translate[0] * shape.width);
        shifts[2 * i + 1] = wholePixels(stream, transform.translate[1] * shape.height);
      }
      return builder.transform(bank, choices, shifts);
    }
    case 'rotate90': {
      const quarters = new Uint8Array(count);
      for (let i = 0; i < count; i++) quarters[i] = stream.uniform() < transform.probability ? 1 + stream.below(3) : 0;
      steps.push({ kind: 'turn', quarters });
      return;
    }
    case 'brightness':
    case 'contrast':
    case 'saturation':
      return builder.colour(stream, transform.name, transform.factor);
    case 'hue':
      return builder.colour(stream, 'hue', transform.shift);
    case 'grayscale':
    case 'invert':
    case 'autocontrast':
    case 'equalize':
      return builder.colour(stream, transform.name, [0, 0], transform.probability);
    case 'posterize':
      return builder.colour(stream, 'posterize', [transform.bits, transform.bits], transform.probability);
    case 'solarize':
      return builder.colour(stream, 'solarize', [transform.threshold, transform.threshold], transform.probability);
    case 'blur': {
      const bank = strata(stream, bankSize, transform.sigma).map((sigma) => ({ kind: 'blur', sigma }) as const);
      return builder.filter(bank, deal(stream, count, bankSize, transform.probability));
    }
    case 'sharpness':
      return builder.filter(
        [transform].map(({ factor }) => ({ kind: 'sharpness', factor }) as const),
        deal(stream, count, 1, transform.probability),
      );
    case 'erase': {
      const boxes = new Int16Array(count * 4);
      for (let i = 0; i < count; i++) {
        if (stream.uniform() >= transform.probability) continue;
        const box = drawErasing(stream, shape.width, shape.height, transform.scale, transform.ratio);
        if (box) boxes.set([box.left, box.top, box.width, box.height], i * 4);
      }
      steps.push({ kind: 'erase', value: transform.value, boxes });
      return;
    }
    case 'randAugment':
    case 'trivialAugment':
      return appendAutomatic(builder, transform, stream);
    case 'normalize':
      return; // the network's input scaling: `splitNormalize`
  }
}

/** Parts of images resized to the whole: sizes are shared within the window, places are each sample's own. */
function appendParts(
  builder: PlanBuilder,
  transform: Extract<Transform, { name: 'resizedCrop' | 'centerCrop' }>,
  stream: RandomStream,
): void {
  const { count, shape, bankSize, steps } = builder;
  const sizes: { width: number; height: number }[] = [];
  if (transform.name === 'centerCrop') {
    sizes.push({
      width: Math.max(1, Math.round(shape.width * transform.fraction)),
      height: Math.max(1, Math.round(shape.height * transform.fraction)),
    });
  } else {
    for (let i = 0; i < bankSize; i++)
      sizes.push(drawBox(stream, shape.width, shape.height, transform.scale, transform.ratio));
  }
  const bank = sizes.map(
    ({ width, height }): TransformChoice => ({
      matrix: [shape.width / width, 0, 0, shape.height / height],
      width,
      height,
    }),
  );
  const choices = deal(stream, count, bank.length);
  const origins = new Int16Array(count * 2);
  for (let i = 0; i < count; i++) {
    const size = sizes[choices[i] as number] ?? shape;
    const spareX = shape.width - size.width;
    const spareY = shape.height - size.height;
    const central = transform.name === 'centerCrop';
    origins[2 * i] = central ? Math.floor(spareX / 2) : stream.below(spareX + 1);
    origins[2 * i + 1] = central ? Math.floor(spareY / 2) : stream.below(spareY + 1);
  }
  steps.push({ kind: 'transform', border: 'edge', bank, choices, origins });
}
