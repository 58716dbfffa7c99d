/** The short form of `npm run bench -- faults`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type FaultPlace, killsAtCalls, randomKills, signals, twoAtOnce } from '../../bench/harness/faults.js';
import { faultyWorkers } from '../../bench/harness/worker-faults.js';

let place: FaultPlace;
test.before(async () => {
  place = { folder: await mkdtemp(join(tmpdir(), 'convoy-faults-')), seed: 28, say: () => undefined };
});
test.after.always(() => rm(place.folder, { recursive: true, force: true }));

test.serial('a training that is killed at a random moment goes on to the bits of one that is not', async (t) => {
  t.deepEqual(await randomKills(place, 1), []);
});

test.serial('the same where it is killed at a rename or fsync', async (t) => {
  t.deepEqual(await killsAtCalls(place, [7]), []);
});

test.serial('after a worker ran out of memory nothing differs, one that hangs ends the run', async (t) => {
  t.deepEqual(await faultyWorkers(place, ['memory', 'hang']), []);
});

test.serial('SIGTERM leaves a checkpoint to go on from', async (t) => {
  t.deepEqual(await signals(place, ['SIGTERM']), []);
});

test.serial('of two starts in one folder, and of two resumes, one trains and the other says so', async (t) => {
  t.deepEqual(await twoAtOnce(place), []);
});
