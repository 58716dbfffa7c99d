import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConvoyError } from '../../src/base/errors.js';
import type { FuzzParser } from './fuzz-parser.js';
import { readInput } from './fuzz-parsers.js';
import { mutated } from './mutations.js';

/** What became of some inputs. */
export interface FuzzRound {
  readonly accepted: number;
  /** Seconds of the slowest. */
  readonly slowest: number;
  /** Bytes of the process behind the last. */
  readonly memory: number;
  readonly faults: readonly { readonly index: number; readonly what: string }[];
}

/** Gives a parser mutated files in this process: those from one number until before another, the same for the same seed. */
export async function openFuzz(
  parser: FuzzParser,
  seed: number,
): Promise<{ round(from: number, to: number): Promise<FuzzRound>; close(): Promise<void> }> {
  const corpus = await parser.corpus();
  const folder = await mkdtemp(join(tmpdir(), 'convoy-fuzz-'));
  return {
    close: () => rm(folder, { recursive: true, force: true }),
    round: async (from, to) => {
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
}
