/** Pages about runs: what a run learned, as one HTML file. */
export { type WriteReportOptions, type WrittenReport, writeReport } from './write-report.js';
