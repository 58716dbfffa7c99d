import { valueError } from '../base/errors.js';
import { refuseUnknownKeys } from '../base/validate.js';
import { type DetectionOptions, detectionsOf } from '../models/index.js';
import type { PixelOptions } from './images.js';

/** An object that a detector found. */
export interface DetectedObject {
  /** Left, top, right, bottom in pixels of the network's input; right and bottom are not part of the box. */
  readonly box: readonly [number, number, number, number];
  readonly class: string;
  /** Place of the class among the run's classes. */
  readonly label: number;
  /** Probability, from 0 to 1. */
  readonly score: number;
}

/** What a detector says of one image, at the network's size. */
export interface DetectionPrediction {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** The image as the network saw it, [height, width, channels], 0 to 255. */
  readonly pixels: Uint8Array;
  /** By falling score. */
  readonly objects: readonly DetectedObject[];
  /** The file, where the image was one. */
  readonly file?: string;
}

/** How images are looked at, and which detections are kept. */
export interface DetectOptions extends PixelOptions {
  /** Least score of an object; default 0.05. Pictures are clearer from 0.5 on. */
  readonly threshold?: number;
  /** Of two boxes of a class that overlap by more than this IoU the less probable one is left out; default 0.6. */
  readonly overlap?: number;
  /** Objects of an image at most; default 100. */
  readonly most?: number;
}

type Limits = Pick<DetectionOptions, 'threshold' | 'overlap' | 'most'>;

/** @throws ConvoyError `CONVOY_OPTION` for limits out of range and unknown options. */
export function parseDetectOptions(options: DetectOptions): { limits: Limits; pixelOptions: PixelOptions } {
  refuseUnknownKeys('detect', options, ['white', 'threshold', 'overlap', 'most']);
  const { white, ...limits } = options;
  const { threshold = 0.05, overlap = 0.6, most = 100 } = limits;
  if (!(threshold > 0 && threshold < 1)) throw valueError('threshold', 'a number between 0 and 1', threshold);
  if (!(overlap >= 0 && overlap <= 1)) throw valueError('overlap', 'a number from 0 to 1', overlap);
  if (!(Number.isInteger(most) && most >= 1)) throw valueError('most', 'an integer of at least 1', most);
  return { limits: { threshold, overlap, most }, pixelOptions: white === undefined ? {} : { white } };
}

/** The objects of an image. */
export function objectsIn(
  outputs: Float32Array,
  classes: readonly string[],
  options: Omit<DetectionOptions, 'classes'>,
): DetectedObject[] {
  const { boxes, classes: labels, scores } = detectionsOf(outputs, { ...options, classes: classes.length });
  return Array.from(labels, (label, row): DetectedObject => {
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.subarray(row * 4, row * 4 + 4);
    return {
      box: [left, top, right, bottom],
      class: classes[label] ?? `${label}`,
      label,
      score: scores[row] as number,
    };
  });
}
