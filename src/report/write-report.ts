import { join, resolve, sep } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { valueError } from '../base/errors.js';
import type { RunRuntimeOptions } from '../training/index.js';
import { gatherRun } from './gather/index.js';
import { reportPage } from './html/document.js';
import type { RunReport } from './types.js';
import { version } from './version.js';

export interface WriteReportOptions extends Omit<RunRuntimeOptions, 'run' | 'model' | 'weights'> {
  /** Run folders: one for all that is known of it, several to compare them. */
  readonly runs: readonly string[];
  /** Default: `report.html` in the run's folder, or for several runs in the present one. */
  readonly file?: string | undefined;
}

/** What `writeReport` wrote. */
export interface WrittenReport {
  readonly file: string;
  readonly bytes: number;
  /** What the page says is missing, by run. */
  readonly notes: readonly string[];
}

/**
 * Writes a page about one run, or about several compared: one HTML file that needs no network.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` for a folder that holds no run or is damaged, `CONVOY_OPTION` without a run,
 *   `CONVOY_DISK`.
 */
export async function writeReport({ runs, file, ...opening }: WriteReportOptions): Promise<WrittenReport> {
  const folders = [...new Set(runs.map((run) => resolve(run)))];
  const [only] = folders;
  if (only === undefined) throw valueError('runs', 'a run folder or several', runs);
  const names = distinctNames(folders);
  const reports: RunReport[] = [];
  for (const [index, run] of folders.entries()) {
    reports.push(await gatherRun({ ...opening, run, name: names[index] ?? run, brief: folders.length > 1 }));
  }
  const target = file ?? (folders.length === 1 ? join(only, 'report.html') : 'report.html');
  const title = reports.length === 1 ? (names[0] ?? 'Run') : 'Comparison of runs';
  const page = reportPage({ title, version: version(), runs: reports });
  await writeFileAtomic(target, [page]);
  const several = reports.length > 1;
  const notes = reports.flatMap((report) => report.notes.map((note) => (several ? `${report.name}: ${note}` : note)));
  return { file: target, bytes: Buffer.byteLength(page), notes };
}

/** The ends of paths, as short as they differ: `a/run` and `b/run`, but `cnn` and `mlp`. */
function distinctNames(folders: readonly string[]): string[] {
  const parts = folders.map((folder) => folder.split(sep));
  for (let length = 1; ; length++) {
    const names = parts.map((part) => part.slice(-length).join('/'));
    if (new Set(names).size === names.length) return names;
  }
}
