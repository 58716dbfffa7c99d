import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../../src/base/random.js';
import { fullDisk, hasStrace, killsAtCalls, randomKills, signals, twoAtOnce, undisturbed } from '../harness/faults.js';
import { atMost } from '../harness/result.js';
import { faultyConfig, faultyWorkers } from '../harness/worker-faults.js';
import type { Bench } from './bench.js';

const standard = { kills: 20, calls: 40 };
const short = { kills: 2, calls: 2 };

/** Kills, faulty workers, signals, full disks and rivals: what a run folder promises, tried. */
export const faultsBench: Bench = {
  name: 'faults',
  title: 'Kills, faulty workers, signals, full disks, two at once',
  onlyNamed: true,
  async run({ quick, kills, seed = 0, say }) {
    const count = quick ? short : standard;
    const folder = await mkdtemp(join(tmpdir(), 'convoy-faults-'));
    const most = kills ?? count.kills;
    const calls = Math.max(count.calls, Math.floor((kills ?? 0) / 10));
    const numbers = Array.from({ length: calls }, (_, call) => call + 1);
    const withStrace = hasStrace();
    try {
      const random = new RandomStream(seed, 'test', 1);
      const whole = await undisturbed(join(folder, 'one'), random, faultyConfig);
      const tried = [
        [`SIGKILL at ${most} random moments`, await randomKills(folder, { kills: most, seed, say })],
        [
          `SIGKILL at each of the first ${calls} renames, links and fsyncs (${withStrace ? 'strace' : 'of Node'})`,
          await killsAtCalls(whole, numbers, { withStrace, say }),
        ],
        [
          'a worker throws, exits, runs out of memory, fails always, dies in the step, hangs',
          await faultyWorkers(whole),
        ],
        ['SIGINT, SIGTERM, SIGHUP', await signals(whole)],
        ['two at once in one folder', await twoAtOnce(whole)],
        ['a full disk (tmpfs)', await fullDisk(whole)],
      ] as const;
      const faults = tried.flatMap(([, found]) => found ?? []);
      return {
        tables: [
          {
            title: `What was done to drawn trainings (seed ${seed}), and how many did not end as undisturbed ones`,
            columns: ['what', 'faults'],
            rows: tried.map(([what, found]) => [what, found === undefined ? null : found.length]),
          },
        ],
        claims: [atMost('faults', 0, faults.length)],
        notes: [
          ...faults.slice(0, 20),
          ...tried
            .filter(([, found]) => found === undefined)
            .map(([what]) => `not tried here, a tool or a right is missing: ${what}`),
        ],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
