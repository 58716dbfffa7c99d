import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type CaseResult, noCluster, trainCases } from '../support/cluster.js';
import { fewCases } from '../support/cluster-cases.js';

const missing = noCluster();
const onRanks = missing === undefined ? test : test.skip;

let cwd: string;
test.before(async (t) => {
  if (missing !== undefined) t.log(`skipped: ${missing}`);
  cwd = await mkdtemp(join(tmpdir(), 'convoy-ranks-'));
});
test.after.always(() => rm(cwd, { recursive: true }));

// Of every case alone and on ranks: bench/checks/cluster-bits.
onRanks('two ranks end with the weights and scores of one process, and restore the best epoch like it', async (t) => {
  const alone = await trainCases(fewCases, { ranks: 1, shards: 3, cwd });
  t.deepEqual(
    alone.map(({ name, epochs }) => [name, epochs]),
    // Accuracy stays: early stopping ends the second case after an epoch without improvement.
    fewCases.map(({ name }, index) => [name, index + 1]),
  );
  const found: CaseResult[] = await trainCases(fewCases, { ranks: 2, shards: 3, cwd });
  t.deepEqual(found, alone);
});
