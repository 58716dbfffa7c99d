/** What follows a training from outside: histograms, event files for TensorBoard. */
export { type Histogram, type HistogramLine, histogramOf } from './histogram.js';
export { histogramRecorder, readHistograms } from './histograms.js';
export { tensorBoard } from './tensorboard.js';
