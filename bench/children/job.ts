/** Process that trains a configuration epoch by epoch on request (see `src/measure/protocol.ts`). */

import { type EpochRecord, Trainer } from '../../src/index.js';
import { serve } from '../../src/measure/index.js';
import type { JobRound, JobSetup } from '../harness/jobs.js';

await serve<JobSetup, object>(async ({ config, dataDir }) => {
  // As with the peers, data and model are there before the clock starts; everything after counts.
  let opened = 0;
  let images = 0;
  const trainer = new Trainer({
    config,
    ...(dataDir === undefined ? {} : { dataDir }),
    onStart: ({ datasets }) => {
      opened = performance.now();
      images = datasets.train.count;
    },
  });
  const epochs: AsyncGenerator<EpochRecord, unknown> = trainer.run();
  let first = true;
  return {
    facts: {},
    round: async (): Promise<JobRound> => {
      const asked = performance.now();
      const next = await epochs.next();
      if (next.done === true) throw new RangeError('more epochs were asked for than the configuration has');
      const seconds = (performance.now() - (first ? opened : asked)) / 1000;
      first = false;
      return { images, seconds, accuracy: next.value.test?.accuracy ?? Number.NaN };
    },
    close: async () => {
      await epochs.return(undefined);
    },
  };
});
