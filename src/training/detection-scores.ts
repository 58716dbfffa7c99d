import { convertBoxes } from '../boxes/index.js';
import { type BoxTargets, type ImageShape, objectsOf } from '../contracts/index.js';
import { type CocoSummary, cocoEvaluate, type ScoredImage } from '../metrics/detection/index.js';
import { detectionsOf } from '../models/index.js';

/**
 * COCO's figures of a detector over a split.
 *
 * @param outputs [count, points x (4 + classes)] in file order.
 * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite.
 */
export function detectionScores(
  outputs: Float32Array,
  targets: BoxTargets,
  { classes, image }: { readonly classes: number; readonly image: ImageShape },
): CocoSummary {
  const count = targets.boxes.length / (targets.capacity * 6);
  const width = outputs.length / count;
  const images = Array.from({ length: count }, (_, sample): ScoredImage => {
    const found = detectionsOf(outputs.subarray(sample * width, (sample + 1) * width), { classes, image });
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
  return cocoEvaluate(images, { classes }).summary;
}
