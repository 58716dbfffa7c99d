/** The short form of `npm run bench -- fuzz`. */
import test from 'ava';
import { fuzzParsers } from '../../bench/harness/fuzz-parsers.js';
import { openFuzz } from '../../bench/harness/fuzz-round.js';
import { loadNative } from '../../src/native/index.js';

/** Inputs of all readers together. */
const inputs = 300;
const seed = 28;

test.before(async () => {
  await loadNative(); // networks are made on its backend
});

const shares = fuzzParsers.reduce((sum, { share }) => sum + share, 0);
for (const parser of fuzzParsers) {
  const count = Math.max(2, Math.round((inputs * parser.share) / shares));
  test.serial(`${parser.name}: ${count} mutated files are read, or refused with a ConvoyError`, async (t) => {
    const { round, close } = await openFuzz(parser, seed);
    t.teardown(close);
    const { faults } = await round(0, count);
    t.deepEqual(faults, []);
  });
}
