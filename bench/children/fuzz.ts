/** Process that reads mutated files with one parser on request (see `src/measure/protocol.ts`). */
import { serve } from '../../src/measure/index.js';
import { loadNative } from '../../src/native/index.js';
import { fuzzParserNamed } from '../harness/fuzz-parsers.js';
import { openFuzz } from '../harness/fuzz-round.js';
import type { FuzzSetup } from '../harness/fuzz-run.js';

await serve<FuzzSetup, { readonly from: number; readonly to: number }>(async ({ parser, seed }) => {
  await loadNative();
  const { round, close } = await openFuzz(fuzzParserNamed(parser), seed);
  return { facts: {}, close, round: ({ from, to }) => round(from, to) };
});
