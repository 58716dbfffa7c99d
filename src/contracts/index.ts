export type { LossSpec } from '../losses/spec/index.js';
export type { BatchRequest, BatchSlot, BatchStage } from './batch.js';
export { boxStays, leastBoxShare } from './boxes.js';
export {
  type Analysis,
  type AnomalyMethod,
  analyses,
  anomalyMethods,
  type Split,
  splits,
  type Task,
  type TestTimeAugmentation,
  tasks,
  testTimeAugmentations,
  type Visualization,
  visualizations,
} from './choices.js';
export type {
  Cluster,
  ClusterMember,
  ClusterNetwork,
  ClusterSum,
  FloatRange,
  GatheredMemory,
} from './cluster.js';
export { slicedStaging, sliceFloats } from './cluster.js';
export type {
  BoxTargets,
  ClassTargets,
  Dataset,
  DatasetPair,
  FileStore,
  FileStretches,
  ImageShape,
  MaskTargets,
  MultiLabelTargets,
  PixelStore,
  PixelTargets,
  Targets,
} from './dataset.js';
export { emptyStretches, imageBytes, isDataset, selectFiles } from './dataset.js';
export { centralPart, type PixelBox, type PixelSize } from './image-part.js';
export { mixLength, mixPlaces } from './mix.js';
export type { MixSpec, ParameterSpec, Precision, Preprocess, StepSpec } from './model.js';
export {
  type BoxMetric,
  boxMetrics,
  type MaskMetric,
  type MetricName,
  type Monitor,
  type MonitorMode,
  maskMetrics,
  metricNames,
  metricSchema,
  monitorMode,
  monitorSchema,
  partsOf,
  topOf,
} from './monitors.js';
export { stats, statsLength, stopAskedPlace } from './statistics.js';
export {
  type BoxObject,
  boxLength,
  boxRow,
  classesOf,
  ignoredPixel,
  objectsOf,
  selectTargets,
  type TargetForm,
  type TargetKind,
  targetForm,
  targetLength,
  withCapacity,
} from './targets.js';
