import { convertBoxes } from '../boxes/index.js';
import { type BoxTargets, boxLength, objectsOf, type StepSpec } from '../contracts/index.js';
import { type CocoResult, cocoEvaluate, type ScoredImage } from '../metrics/detection/index.js';
import { detectionsOf, scoreKind } from '../models/index.js';

/** An image with what it shows and what a detector found in it. */
type DetectedImage = ScoredImage & { readonly detections: { readonly boxes: Float64Array } };

/**
 * What a detector found in the images of a split, beside what they show.
 *
 * @param outputs [count, points x (4 + classes)] in file order.
 * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite.
 */
export function detectionsIn(
  outputs: Float32Array,
  targets: BoxTargets,
  { classes, image, loss }: Pick<StepSpec, 'classes' | 'image' | 'loss'>,
): DetectedImage[] {
  const count = targets.boxes.length / (targets.capacity * boxLength);
  const width = outputs.length / count;
  const options = { classes, image, scores: scoreKind(loss) };
  return Array.from({ length: count }, (_, sample) => {
    const found = detectionsOf(outputs.subarray(sample * width, (sample + 1) * width), options);
    const objects = objectsOf(targets, sample);
    const corners = Float64Array.from(objects.flatMap(({ box }) => box));
    return {
      truths: {
        boxes: convertBoxes(corners, 'xyxy', 'xywh'),
        classes: objects.map(({ label }) => label),
        crowd: objects.map(({ ignored }) => (ignored ? 1 : 0)),
      },
      detections: {
        boxes: convertBoxes(Float64Array.from(found.boxes), 'xyxy', 'xywh'),
        classes: found.classes,
        scores: found.scores,
      },
    };
  });
}

/** COCO's figures of all classes, and of each. */
export function detectionResult(images: readonly ScoredImage[], classes: number): CocoResult {
  return cocoEvaluate(images, { classes });
}
