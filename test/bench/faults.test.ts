/** The short form of `npm run bench -- faults`; workers that throw, exit and hang are in `test/coordinator`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { leftovers, outcomeOf, startKilledAt, startTraining } from '../../bench/harness/convoy-run.js';
import { type Undisturbed, undisturbed } from '../../bench/harness/faults.js';
import { faultyConfig, faultyWorkers } from '../../bench/harness/worker-faults.js';
import { RandomStream } from '../../src/base/random.js';

let folder: string;
let whole: Undisturbed;
const random = new RandomStream(28, 'test');
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-faults-'));
  const small = { model: { name: 'mlp', hidden: [16] }, limit: 96, epochs: 4, augment: [], workers: 1 };
  whole = await undisturbed(folder, random, { ...faultyConfig, ...small });
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

test.serial(
  'a training that is killed, killed again, stopped and resumed twice at once ends as one that is not',
  async (t) => {
    // The calls before make the folder, its lock and its configuration: one of a checkpoint.
    const atCheckpoint = await startKilledAt(20, ['--config', 'config.json', '--out', 'run'], folder).ended;
    t.is(atCheckpoint.signal, 'SIGKILL');

    const { child, ended } = startTraining(['--resume', 'run'], folder);
    await Promise.race([wait(random.uniform() * whole.seconds * 500, undefined, { ref: false }), ended]);
    child.kill('SIGKILL');
    await ended;

    const stopped = startTraining(['--resume', 'run'], folder);
    await stopped.printed('"type":"epoch"');
    stopped.child.kill('SIGTERM');
    const { code } = await stopped.ended;
    t.true(code === 143 || code === 0, `ended with ${code}`); // 0: it was quicker than the signal

    const two = [startTraining(['--resume', 'run'], folder), startTraining(['--resume', 'run'], folder)];
    const ends = await Promise.all(two.map((one) => one.ended));
    t.true(
      ends.every((end) => end.code === 0 || end.stdout.includes('"code":"CONVOY_LOCKED"')),
      ends.map(({ stdout }) => stdout.slice(-200)).join('\n'),
    );
    t.is(await outcomeOf(join(folder, 'run')), whole.outcome);
    t.deepEqual(await leftovers(join(folder, 'run')), []);
  },
);

test.serial('a worker that runs out of memory has its shard done again, to the same bits', async (t) => {
  t.deepEqual(await faultyWorkers(whole, ['memory']), []);
});
