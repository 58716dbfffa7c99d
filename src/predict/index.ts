/** Predictions of a trained network on one thread. */
export type { DetectedObject, DetectionPrediction, DetectOptions } from './detections.js';
export { type ImageInput, type ImagesInput, listImages, type PixelOptions, pixelsOf } from './images.js';
export type { MaskPrediction, RebuiltImage } from './masks.js';
export { type Prediction, type PredictOptions, Predictor, type PredictorOptions } from './predictor.js';
export { cutViews, type View, viewsInWords, viewsOf } from './views.js';
