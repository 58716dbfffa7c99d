import type { TrainSummary } from '../../src/run/index.js';
import type { TrainerOptions } from '../../src/training/options.js';
import { trainingRun } from '../../src/training/trainer.js';

const failingWorker = new URL('../../bench/children/failing-worker.js', import.meta.url);

/** Trains to the end, with workers that fail as `failing-worker.ts` says where a failure is named. */
export async function trainToEnd(options: TrainerOptions, failure?: string): Promise<TrainSummary> {
  if (failure !== undefined) process.env['CONVOY_TEST_FAILURE'] = failure;
  const run = trainingRun(options, failure === undefined ? {} : { workerFile: failingWorker });
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) return next.value.summary;
    }
  } finally {
    delete process.env['CONVOY_TEST_FAILURE'];
  }
}
