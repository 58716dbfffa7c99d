export { backpropInput, batchNormGradient } from './backward.js';
export { canNormalize, normalizeBatch, type Statistics } from './batch-norm.js';
export { bitcast, elementBytes } from './bits.js';
export { type Derivative, type Destination, GraphBuilder } from './builder.js';
export { constantIntegers } from './elements.js';
export {
  addAll,
  all,
  type BinaryOp,
  binary,
  broadcastShape,
  cast,
  compare,
  negate,
  scalarOf,
  scale,
  select,
  shift,
  towards,
  type UnaryOp,
  unary,
} from './elementwise.js';
export { narrowDropout, narrowGradients } from './narrow.js';
export {
  averagePool,
  batchMatMul,
  biasAdd,
  conv2d,
  convolutionAttributes,
  depthwiseConv2d,
  fusedBatchNorm,
  matMul,
  maxPool,
  type WindowOptions,
  type WindowPadding,
} from './neural.js';
export { hasUnitSteps, isUnitStride, plainAttributes } from './plain.js';
export { canPlace, placedMaxPool, placedMaxPoolGradient, pooledConvolutionGradients } from './pooled.js';
export { canWriteProduct, rowProducts, writeProduct } from './product.js';
export { relu, reluGradient } from './rectify.js';
export { argMax, reduce, sumTo } from './reduce.js';
export { canonicalSide, imageIndices, type RoiAlignSettings, roiAlign } from './roi-align.js';
export {
  at,
  batchSize,
  broadcastTo,
  concatenate,
  integers,
  pack,
  pad,
  reshape,
  reshapeTo,
  reverse,
  shapeOf,
  shapeWith,
  slice,
  sliceAt,
  transpose,
  withLast,
} from './shape.js';
export {
  type Attribute,
  type Attributes,
  type DataType,
  dataTypeNumbers,
  elementsPerSample,
  type GraphNode,
  type Shape,
  type Value,
  valueName,
} from './types.js';
