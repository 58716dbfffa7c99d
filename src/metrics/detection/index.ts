/** Scores of detectors: average precision as COCO and as Pascal VOC define it. */
export { type CocoOptions, type CocoResult, cocoEvaluate } from './coco.js';
export type { OverlapOf } from './coco-match.js';
export type { CocoCurves, CocoSummary } from './coco-summary.js';
export { type DetectionConfusion, detectionConfusion } from './confusion.js';
export type { ImageDetections, ImageTruths, ScoredImage } from './contract.js';
export { type VocOptions, type VocResult, vocEvaluate } from './voc.js';
