export type { BatchRequest, BatchSlot, BatchStage } from './batch.js';
export type {
  ClassTargets,
  Dataset,
  DatasetPair,
  FileStore,
  ImageShape,
  MultiLabelTargets,
  PixelStore,
} from './dataset.js';
export { imageBytes } from './dataset.js';
export { centralPart, type PixelBox, type PixelSize } from './image-part.js';
export type { LossSpec, MixSpec, ParameterSpec, Precision, Preprocess, StepSpec } from './model.js';
