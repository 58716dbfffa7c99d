/** convoy's public API: everything else may change. */

export { type Points, type ProjectionMethod, type ProjectOptions, project } from './analysis/index.js';
export {
  type AnomalyData,
  type AnomalyEvaluation,
  type AnomalyImages,
  type AnomalyModel,
  type AnomalyNetwork,
  type AnomalyOptions,
  type AnomalyScore,
  type AnomalySettings,
  evaluateClasses,
  evaluateDefects,
  type FileAnomaly,
  fitAnomalyModel,
  heatMap,
  meanAuroc,
  normalImages,
  type OneClassScores,
  oneClassScores,
  openAnomalyData,
  openAnomalyModel,
  type ScoreFilesOptions,
  samplesOfClass,
  scoreFiles,
  type UnreadableAnomalyFile,
} from './anomaly/index.js';
export * from './api/config.js';
export * from './api/data.js';
export * from './api/errors.js';
export { tf } from './api/tf.js';
export type { Callback, Control, EpochRecord, StepRecord, TrainContext } from './callbacks/index.js';
export { csvLogger, earlyStopping, keepCheckpoints, targetReached } from './callbacks/index.js';
export type {
  BatchRequest,
  BatchSlot,
  BatchStage,
  LossSpec,
  Precision,
} from './contracts/index.js';
export {
  type CrossValidateOptions,
  type CrossValidation,
  crossValidate,
  type FoldScores,
  readSweepFile,
  type SpaceInput,
  type Spread,
  type SweepFile,
  type SweepOptions,
  type SweepResult,
  type SweptTrial,
  sweep,
  type TrialParameters,
} from './experiments/index.js';
export {
  activations,
  type Channel,
  type ClassChoice,
  type Excitement,
  type GradCamOptions,
  gradCam,
  gradCamPlusPlus,
  type LayerActivations,
  type Maps,
  maxActivation,
  type OcclusionOptions,
  occlusion,
  saliency,
} from './explain/index.js';
export { exportFormats } from './export/index.js';
export type { ModuleLoss } from './losses/index.js';
export { classificationReport, createMetrics, createMultiLabelMetrics, metricsCsv } from './metrics/index.js';
export {
  createModel,
  formatSummary,
  initialWeights,
  type ModelSummary,
  modelSummary,
  networks,
} from './models/index.js';
export type {
  DetectedObject,
  DetectionPrediction,
  DetectOptions,
  ImageInput,
  ImagesInput,
  MaskPrediction,
  PixelOptions,
  Prediction,
  PredictOptions,
  RebuiltImage,
} from './predict/index.js';
export {
  gatherRun,
  type LiveRun,
  type LiveRunOptions,
  type ServedRuns,
  serveLiveRun,
  serveRuns,
  type WriteReportOptions,
  type WrittenReport,
  writeReport,
} from './report/index.js';
export { makeRunFolder, type NumberedFolder } from './run/index.js';
export { type Runtime, type TunedSettings, writeTunedSettings } from './runtime/index.js';
export {
  type AnalyseOptions,
  analyseRun,
  type BoxEvaluation,
  boxReport,
  type Check,
  type CocoDetection,
  checkImages,
  type DescribedShape,
  type DrawAugmentationOptions,
  type DrawnSamples,
  type DrawSamplesOptions,
  describeModel,
  drawAugmentation,
  drawSamples,
  type EvaluateRunOptions,
  type Evaluation,
  type ExportCheck,
  type ExportRunOptions,
  evaluateRun,
  evaluateTask,
  exportRun,
  type FilePrediction,
  findLearningRate,
  type ImageCheck,
  type ImageEvaluation,
  type LearningRateSearch,
  type LearningRateSearchOptions,
  type MaskEvaluation,
  maskReport,
  type Neuron,
  type PlotRunsOptions,
  type PredictFilesOptions,
  PredictionPictures,
  plotRuns,
  predictFiles,
  type RunEvaluation,
  type RunExport,
  suggestLearningRates,
  type Tried,
  type TuneOptions,
  type TuneResult,
  tune,
  type VerifyOptions,
  type VisualizeOptions,
  verify,
  verifyError,
  visualizeRun,
  writeEvaluation,
  writeLearningRateSearch,
} from './tools/index.js';
export {
  evaluateSplit,
  type OpenRunOptions,
  openRun,
  openRunRuntime,
  type Progress,
  type RunRuntimeOptions,
  Trace,
  TrainedRun,
  Trainer,
  type TrainerOptions,
  type TrainSummary,
  type Watcher,
} from './training/index.js';
export { histogramRecorder, tensorBoard } from './watch/index.js';
export { loadModelFile, mapWeights, readWeightsFile, writeSafetensors } from './weights/index.js';
