/** A process that computes what a page shows of a run, so that its server goes on to answer. */
import { gatherRun } from '../gather/index.js';
import type { FromGather, ToGather } from './messages.js';

process.once('message', ({ folder, name, dataDir }: ToGather) => {
  const tell = (message: FromGather): void => {
    process.send?.(message, () => process.disconnect());
  };
  gatherRun({ run: folder, name, ...(dataDir === undefined ? {} : { dataDir }) }).then(
    (report) => tell({ kind: 'gathered', report }),
    (error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
