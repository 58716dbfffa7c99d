export {
  barChart,
  type BarChartOptions,
  type BarSeries,
  scalingChart,
  type ScalingSeries,
  stackedBarChart,
} from './benchmark.js';
export { Chart } from './chart.js';
export { confusionChart, type NamedCurve, rocChart, scatterChart, type ScatterOptions } from './classification.js';
export { learningCurvesChart, learningRateChart, type LearningRateSweep } from './training.js';
