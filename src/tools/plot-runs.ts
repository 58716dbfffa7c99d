import { join, resolve, sep } from 'node:path';
import { fileError, valueError } from '../base/errors.js';
import { RunFolder, readHistory } from '../run/index.js';

export interface PlotRunsOptions {
  /** Run folders: of runs that have ended, were broken off, or are still training. */
  readonly runs: readonly string[];
  /** `.svg` or `.png`; default: `curves.svg` in the run's folder, or for several runs in the present one. */
  readonly file?: string | undefined;
}

/**
 * Draws the learning curves of one or several runs over each other: loss and accuracy of training, validation and test by
 * epoch, and the learning rate where it moves.
 *
 * @returns the file.
 * @throws ConvoyError `CONVOY_CHECKPOINT` for a folder that holds no run, or one without an epoch, `CONVOY_OPTION` for a file
 *   of another ending or no run at all, `CONVOY_DISK`.
 */
export async function plotRuns({ runs, file }: PlotRunsOptions): Promise<string> {
  const folders = runs.filter((run, index) => runs.findIndex((other) => resolve(other) === resolve(run)) === index);
  const [only] = runs;
  if (only === undefined) throw valueError('runs', 'a run folder or several', runs);
  const names = distinctNames(folders.map((folder) => resolve(folder)));
  const curves = await Promise.all(
    folders.map(async (folder, index) => {
      const run = RunFolder.open(folder);
      const records = await readHistory(folder);
      const { epochs } = (await run.readConfig()) as { readonly epochs?: unknown };
      if (records.length === 0) {
        throw fileError('CONVOY_CHECKPOINT', folder, 'metrics.jsonl', 'an epoch or more', 'none; let the run train on');
      }
      const short = typeof epochs === 'number' && records.length < epochs;
      return { name: `${names[index]}${short ? ` (${records.length} of ${epochs} epochs)` : ''}`, records };
    }),
  );
  const title = curves.length === 1 ? `Learning curves of ${curves[0]?.name}` : 'Learning curves';
  const target = file ?? (folders.length === 1 ? join(only, 'curves.svg') : 'curves.svg');
  const { learningCurvesChart } = await import('../plots/index.js');
  await learningCurvesChart(curves, title).write(target);
  return target;
}

/** The ends of paths, as short as they differ: `a/run` and `b/run`, but `cnn` and `mlp`. */
function distinctNames(folders: readonly string[]): string[] {
  const parts = folders.map((folder) => folder.split(sep));
  for (let length = 1; ; length++) {
    const names = parts.map((part) => part.slice(-length).join('/'));
    if (new Set(names).size === names.length) return names;
  }
}
