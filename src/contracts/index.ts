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
export type { LossSpec, MixSpec, ParameterSpec, Precision, Preprocess, StepSpec } from './model.js';
export { stats, statsLength } from './statistics.js';
