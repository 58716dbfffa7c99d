import { ConvoyError } from '../base/errors.js';
import { sigmoid } from '../base/sigmoid.js';
import { batchedNonMaximumSuppression, clipBoxes, largeBoxes } from '../boxes/index.js';
import type { LossSpec } from '../contracts/index.js';
import { lossNamed } from '../losses/spec/index.js';

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
  /** What the logits are of: a sigmoid for each class, or one softmax over the classes and a background with logit 0. */
  readonly scores?: ScoreKind;
  /** Least probability of a detection; 0.05 by default, as torchvision's detectors. */
  readonly threshold?: number;
  /** Of two boxes of a class that overlap by more than this IoU, the less probable one is left out; default 0.6, as FCOS. */
  readonly overlap?: number;
  /** Detections at most; default 100, as COCO counts them. */
  readonly most?: number;
}

/** How logits of classes become probabilities. */
type ScoreKind = 'sigmoid' | 'softmax';

/** What the logits of detectors are that are trained with a loss. */
export function scoreKind(loss: Pick<LossSpec, 'name'>): ScoreKind {
  return lossNamed(loss).outputs === 'softmax' ? 'softmax' : 'sigmoid';
}

/** Boxes of which each class keeps the most probable before overlaps are looked at, as torchvision's FCOS. */
const mostOfClass = 1000;

/**
 * Detections from what a detector gives for an image.
 *
 * @param given [points, 4 + classes]: left, top, right, bottom, and a logit for each class.
 * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite.
 */
export function detectionsOf(given: Float32Array, options: DetectionOptions): Detections {
  const { classes, image, scores: kind = 'sigmoid', threshold = 0.05, overlap = 0.6, most = 100 } = options;
  const rows = kind === 'softmax' ? withBackground(given, classes) : given;
  // Logits of a probability each.
  const width = 4 + classes;
  const least = Math.log(threshold / (1 - threshold));
  const found: { readonly point: number; readonly label: number; readonly logit: number }[] = [];
  for (let label = 0; label < classes; label++) {
    const own: typeof found = [];
    for (let point = 0; point < rows.length / width; point++) {
      const logit = rows[point * width + 4 + label] as number;
      if (!Number.isFinite(logit)) throw notFinite(logit);
      if (logit > least) own.push({ point, label, logit });
    }
    // The sort is stable: of equals the first point counts as higher.
    own.sort((a, b) => b.logit - a.logit);
    found.push(...own.slice(0, mostOfClass));
  }
  const corners = Float32Array.from(found.flatMap(({ point }) => [...rows.subarray(point * width, point * width + 4)]));
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
 * Logits of one softmax over the classes and a background as logits of a sigmoid for each class.
 *
 * @param outputs [..., 4 + classes].
 */
function withBackground(outputs: Float32Array, classes: number): Float32Array {
  const result = Float32Array.from(outputs);
  for (let start = 4; start < outputs.length; start += 4 + classes) {
    const logits = outputs.subarray(start, start + classes);
    const most = logits.reduce((a, b) => Math.max(a, b), 0);
    const powers = Array.from(logits, (logit) => Math.exp(logit - most));
    for (const [label, logit] of logits.entries()) {
      // p / (1 - p) is the power of the class over the sum of the others.
      const others = powers.reduce((sum, power, other) => (other === label ? sum : sum + power), Math.exp(-most));
      result[start + label] = logit - most - Math.log(Math.max(others, Number.MIN_VALUE));
    }
  }
  return result;
}

/**
 * What a detector gives, with probabilities in place of logits.
 *
 * @param outputs [..., 4 + classes].
 */
export function withProbabilities(outputs: Float32Array, classes: number, kind: ScoreKind = 'sigmoid'): Float32Array {
  const rows = kind === 'softmax' ? withBackground(outputs, classes) : outputs;
  return rows.map((value, at) => (at % (4 + classes) < 4 ? value : sigmoid(value)));
}

function notFinite(value: number): ConvoyError {
  return new ConvoyError('CONVOY_DIVERGED', `Expected finite outputs of the detector but found ${value}`);
}
