export {
  type BarChartOptions,
  type BarSeries,
  barChart,
  type ScalingSeries,
  scalingChart,
  stackedBarChart,
} from './benchmark.js';
export { type BoxLabel, boxLabels } from './box-labels.js';
export { Chart } from './chart.js';
export { confusionChart, type NamedCurve, rocChart, type ScatterOptions, scatterChart } from './classification.js';
export { learningCurvesChart, type RunCurves } from './learning-curves.js';
export { type LearningRateSweep, learningRateChart } from './learning-rate.js';
export { type PictureGridOptions, pictureGrid } from './picture-grid.js';
export { sweepChart, type TrialCurve } from './sweep.js';
