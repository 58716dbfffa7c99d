export {
  type ClassCurve,
  ClassMetrics,
  createMetrics,
  type MetricsOptions,
  type MetricsResult,
  type MetricsState,
} from './class-metrics.js';
export { averagePrecision, type RankingScores, type RocCurve, rocCurve } from './curves.js';
export {
  createMultiLabelMetrics,
  MultiLabelMetrics,
  type MultiLabelOptions,
  type MultiLabelResult,
  type MultiLabelState,
} from './multi-label.js';
export { checkTop, classMetrics, labelMetrics, type NamedScores, singleLabelOnly } from './named.js';
export { classificationReport, metricsCsv, rocCsv } from './report.js';
export { type ClassScores, type ConfusionScores, confusionScores } from './scores.js';
