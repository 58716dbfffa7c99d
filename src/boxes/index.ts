/** Geometry of boxes for detectors: pure functions of typed arrays, each with torchvision's answers. */
export {
  cellAnchors,
  type DefaultBoxOptions,
  defaultBoxes,
  type GridSize,
  gridAnchors,
  gridPoints,
} from './anchors.js';
export { type Boxes, type BoxFormat, boxAreas, boxAt, clipBoxes, convertBoxes, largeBoxes } from './boxes.js';
export { centredColumns } from './centred.js';
export { type CodingWeights, decodeBoxes, encodeBoxes, largestGrowth } from './coding.js';
export { batchedNonMaximumSuppression, nonMaximumSuppression } from './nms.js';
export { type ColouredBox, outlineBoxes } from './outline.js';
export {
  boxIou,
  completeBoxIou,
  generalizedBoxIou,
  type PairMeasure,
  pairCompleteIou,
  pairGeneralizedIou,
  pairIou,
} from './overlap.js';
export { levelPoints, levelsAt, levelsOf, type PointLevel, pointCount } from './points.js';
export {
  type FeatureMaps,
  type PyramidLevels,
  pyramidLevels,
  type RoiAlignOptions,
  roiAlign,
  roiAlignGradient,
} from './roi-align.js';
export { rpnAnchors, rpnAnchorsPerCell } from './rpn-anchors.js';
export { ssdBoxes, ssdBoxesPerCell, ssdCoding } from './ssd-boxes.js';
