/** Process that reads mutated files with one parser on request (see `src/measure/protocol.ts`). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConvoyError } from '../../src/base/errors.js';
import { serve } from '../../src/measure/index.js';
import { loadNative } from '../../src/native/index.js';
import { fuzzParsers, readInput } from '../harness/fuzz-parsers.js';
import type { FuzzRound, FuzzSetup } from '../harness/fuzz-run.js';
import { mutated } from '../harness/mutations.js';

await serve<FuzzSetup, { readonly from: number; readonly to: number }>(async ({ parser: name, seed }) => {
  await loadNative();
  const parser = fuzzParsers.find((one) => one.name === name);
  if (parser === undefined) throw new Error(`no parser ${name}`);
  const corpus = await parser.corpus();
  const folder = await mkdtemp(join(tmpdir(), 'convoy-fuzz-'));
  return {
    facts: {},
    close: () => rm(folder, { recursive: true, force: true }),
    round: async ({ from, to }): Promise<FuzzRound> => {
      let accepted = 0;
      let slowest = 0;
      const faults: { index: number; what: string }[] = [];
      for (let index = from; index < to; index++) {
        const bytes = mutated(corpus, seed, index);
        const started = performance.now();
        try {
          await readInput(parser, bytes, folder);
          accepted += 1;
          if (parser.checksummed === true && !corpus.some((whole) => whole.equals(bytes)))
            faults.push({ index, what: 'accepted though it was changed' });
        } catch (error) {
          if (!(error instanceof ConvoyError)) faults.push({ index, what: String((error as Error).stack ?? error) });
        }
        slowest = Math.max(slowest, performance.now() - started);
      }
      return { accepted, slowest: slowest / 1000, memory: process.memoryUsage.rss(), faults };
    },
  };
});
