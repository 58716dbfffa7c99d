/** What is done beside training: evaluate, predict, describe, verify, tune, lr-find, analyse. */
export { type AnalyseOptions, analyseRun } from './analyse.js';
export { type DrawAugmentationOptions, drawAugmentation } from './augmentation-grid.js';
export { objectPicture } from './box-pictures.js';
export { checkImages, type ImageCheck } from './check-images.js';
export { type DescribedShape, describeModel } from './describe-model.js';
export { type DrawnSamples, type DrawSamplesOptions, drawSamples } from './draw-samples.js';
export {
  type EvaluateRunOptions,
  type Evaluation,
  evaluateRun,
  evaluateTask,
  type RunEvaluation,
  writeEvaluation,
} from './evaluate.js';
export { type BoxEvaluation, boxReport, type CocoDetection } from './evaluate-boxes.js';
export { evaluateImages, type ImageEvaluation } from './evaluate-images.js';
export { type MaskEvaluation, maskReport } from './evaluate-masks.js';
export { type ExportRunOptions, exportRun, type RunExport } from './export.js';
export type { ExportCheck } from './export-check.js';
export { type NamedImage, namedImages } from './image-files.js';
export { writeLearningRateSearch } from './learning-rate-report.js';
export {
  findLearningRate,
  type LearningRateSearch,
  type LearningRateSearchOptions,
  suggestLearningRates,
} from './lr-find.js';
export type { Neuron } from './neuron.js';
export { type PlotRunsOptions, plotRuns } from './plot-runs.js';
export { type FilePrediction, type PredictFilesOptions, predictFiles } from './predict.js';
export { PredictionPictures } from './prediction-pictures.js';
export { labelOf, picturesOf } from './sample-pictures.js';
export { type Features, testFeatures } from './test-features.js';
export { networkInput, testPixels } from './test-images.js';
export { type Tried, type TuneOptions, type TuneResult, tune } from './tune.js';
export { type Check, type VerifyOptions, verify, verifyError } from './verify.js';
export { type VisualizeOptions, visualizeRun } from './visualize.js';
