/** Anomaly detection: PaDiM and PatchCore on the features of a trained network, errors of rebuilt images. */
export type { AnomalyNetwork } from './contract.js';
export { type AnomalyEvaluation, evaluateClasses, evaluateDefects, samplesOfClass } from './evaluate.js';
export { type FileAnomaly, type ScoreFilesOptions, scoreFiles, type UnreadableAnomalyFile } from './files.js';
export { fitAnomalyModel } from './fit.js';
export { heatMap } from './heat-maps.js';
export type { AnomalyImages } from './images.js';
export type { AnomalyModel, AnomalyScore } from './model.js';
export { meanAuroc, type OneClassScores, oneClassScores } from './one-class.js';
export { type AnomalyData, normalImages, openAnomalyData } from './open-data.js';
export { openAnomalyModel } from './open-file.js';
export type { AnomalyOptions } from './options.js';
export type { AnomalySettings } from './settings.js';
