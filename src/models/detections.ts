import { ConvoyError } from '../base/errors.js';
import { sigmoid } from '../base/sigmoid.js';
import { batchedNonMaximumSuppression, clipBoxes, largeBoxes } from '../boxes/index.js';

/** What a detector found in an image, by falling score. */
export interface Detections {
  /** [n, 4]: left, top, right, bottom in pixels of the network's input; right and bottom are not part of the box. */
  readonly boxes: Float32Array;
  /** [n], class indices. */
  readonly classes: Int32Array;
  /** [n], probabilities. */
  readonly scores: Float32Array;
}

export interface DetectionOptions {
  readonly classes: number;
  /** Size of the network's input: boxes are cut to it. */
  readonly image: { readonly height: number; readonly width: number };
  /** Least probability of a detection; 0.05 by default, as torchvision's detectors. */
  readonly threshold?: number;
  /** Of two boxes of a class that overlap by more than this IoU, the less probable one is left out; default 0.6, as FCOS. */
  readonly overlap?: number;
  /** Detections at most; default 100, as COCO counts them. */
  readonly most?: number;
}

/** Boxes of which each class keeps the most probable before overlaps are looked at, as torchvision's FCOS. */
const mostOfClass = 1000;

/**
 * Detections from what a detector gives for an image.
 *
 * @param outputs [points, 4 + classes]: left, top, right, bottom, and a logit for each class.
 * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite.
 */
export function detectionsOf(outputs: Float32Array, options: DetectionOptions): Detections {
  const { classes, image, threshold = 0.05, overlap = 0.6, most = 100 } = options;
  const width = 4 + classes;
  const least = Math.log(threshold / (1 - threshold));
  const found: { readonly point: number; readonly label: number; readonly logit: number }[] = [];
  for (let label = 0; label < classes; label++) {
    const own: typeof found = [];
    for (let point = 0; point < outputs.length / width; point++) {
      const logit = outputs[point * width + 4 + label] as number;
      if (!Number.isFinite(logit)) throw notFinite(logit);
      if (logit > least) own.push({ point, label, logit });
    }
    // The sort is stable: of equals the first point counts as higher.
    own.sort((a, b) => b.logit - a.logit);
    found.push(...own.slice(0, mostOfClass));
  }
  const corners = Float32Array.from(
    found.flatMap(({ point }) => [...outputs.subarray(point * width, point * width + 4)]),
  );
  const wrong = corners.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw notFinite(wrong);
  const boxes = clipBoxes(corners, image);
  const scores = Float32Array.from(found, ({ logit }) => sigmoid(logit));
  const labels = Int32Array.from(found, ({ label }) => label);
  const sized = new Set(largeBoxes(boxes, 1e-2));
  const kept = [...batchedNonMaximumSuppression(boxes, scores, labels, overlap)]
    .filter((row) => sized.has(row))
    .slice(0, most);
  return {
    boxes: Float32Array.from(kept.flatMap((row) => [...boxes.subarray(row * 4, row * 4 + 4)])),
    classes: Int32Array.from(kept, (row) => labels[row] as number),
    scores: Float32Array.from(kept, (row) => scores[row] as number),
  };
}

/**
 * What a detector gives, with probabilities in place of logits.
 *
 * @param outputs [..., 4 + classes].
 */
export function withProbabilities(outputs: Float32Array, classes: number): Float32Array {
  return outputs.map((value, at) => (at % (4 + classes) < 4 ? value : sigmoid(value)));
}

function notFinite(value: number): ConvoyError {
  return new ConvoyError('CONVOY_DIVERGED', `Expected finite outputs of the detector but found ${value}`);
}
