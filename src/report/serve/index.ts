import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileError } from '../../base/errors.js';
import { version } from '../version.js';
import { gatherApart } from './gather.js';
import { Dashboard } from './server.js';

export { type LiveRun, type LiveRunOptions, serveLiveRun } from './live-run.js';

/** Runs on a page that is kept up to date. */
export interface ServedRuns {
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeRunsOptions {
  /** Default: 4747, or any free one where that is taken. */
  readonly port?: number | undefined;
  /** Where datasets lie, for scores and pictures that the page asks for; as of `openDataset`. */
  readonly dataDir?: string | undefined;
}

/**
 * Serves a page on 127.0.0.1 about a run, or about all runs in a folder, also those that train in other processes.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no such folder, `CONVOY_OPTION` where the port is taken.
 */
export async function serveRuns(folder: string, { port, dataDir }: ServeRunsOptions = {}): Promise<ServedRuns> {
  const root = resolve(folder);
  if (!existsSync(root)) throw fileError('CONVOY_CHECKPOINT', folder, '', 'a folder with runs', 'no such folder');
  const dashboard = new Dashboard({ root, version: version(), port, gather: gatherApart(dataDir) });
  return { url: await dashboard.start(), close: () => dashboard.close() };
}
