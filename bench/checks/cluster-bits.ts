/**
 * `node dist/bench/checks/cluster-bits.js`: trains many configurations alone and on 2 to 4 ranks of Open MPI on this machine,
 * and compares weights and scores. Failure: a difference. Takes ten minutes on 2 cores.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type CaseResult, noCluster, trainCases } from '../../test/support/cluster.js';
import { casesOfFiles, fewCases, moreCases } from '../../test/support/cluster-cases.js';
import { convoy } from '../../test/support/convoy.js';
import { writePhotos } from '../../test/support/small-data.js';

/** Shards, and the numbers of ranks that share them. */
const layouts = [
  { shards: 4, ranks: [2, 4] },
  { shards: 6, ranks: [3] },
  { shards: 3, ranks: [2] },
] as const;

const missing = noCluster();
if (missing !== undefined) {
  console.log(`skipped: ${missing}`);
} else {
  const cwd = await mkdtemp(join(tmpdir(), 'convoy-cluster-'));
  let failures = 0;
  try {
    await writePhotos(join(cwd, 'photographs'), ['circles', 'squares', 'stripes'], 40);
    const short = ['--epochs', '1', '--limit', '256', '--test-limit', '64', '--workers', '1', '--out', 'base'];
    const made = await convoy(['train', ...short], { cwd });
    if (made.code !== 0) throw new Error(made.stderr);
    const cases = [...fewCases, ...moreCases, ...casesOfFiles(join(cwd, 'base'), join(cwd, 'photographs'))];
    for (const { shards, ranks } of layouts) {
      const alone = await trainCases(cases, { ranks: 1, shards, cwd });
      for (const count of ranks) {
        const found = await trainCases(cases, { ranks: count, shards, cwd });
        failures += tell(cases.length, alone, found, `${count} ranks, ${shards} shards`);
      }
    }
  } finally {
    await rm(cwd, { recursive: true });
  }
  console.log(failures === 0 ? 'the same weights and scores everywhere' : `${failures} differences`);
  process.exitCode = failures === 0 ? 0 : 1;
}

function tell(count: number, alone: readonly CaseResult[], found: readonly CaseResult[], where: string): number {
  let failures = Math.abs(count - found.length);
  for (const [index, expected] of alone.entries()) {
    const same = isDeepStrictEqual(found[index], expected);
    if (!same) failures++;
    console.log(`${same ? 'ok    ' : 'FAILED'}  ${where}  ${expected.name}`);
  }
  return failures;
}
