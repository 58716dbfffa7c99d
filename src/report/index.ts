/** Pages about runs: what a run learned, as one HTML file. */
export { gatherRun } from './gather/index.js';
export {
  type LiveRun,
  type LiveRunOptions,
  type ServedRuns,
  type ServeRunsOptions,
  serveLiveRun,
  serveRuns,
} from './serve/index.js';
export { type WriteReportOptions, type WrittenReport, writeReport } from './write-report.js';
