export {
  ClassMetrics,
  createMetrics,
  type MetricsOptions,
  type MetricsResult,
  type MetricsState,
} from './class-metrics.js';
export { averagePrecision, rocCurve, type RankingScores, type RocCurve } from './curves.js';
export {
  createMultiLabelMetrics,
  MultiLabelMetrics,
  type MultiLabelOptions,
  type MultiLabelResult,
  type MultiLabelState,
} from './multi-label.js';
export { classificationReport, metricsCsv } from './report.js';
export { confusionScores, type ClassScores, type ConfusionScores } from './scores.js';
