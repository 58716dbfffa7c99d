import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullDisk, hasStrace, killsAtCalls, randomKills, signals, twoAtOnce } from '../harness/faults.js';
import { atMost } from '../harness/result.js';
import { faultyWorkers } from '../harness/worker-faults.js';
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
    const place = { folder, seed, say };
    const most = kills ?? count.kills;
    const calls = Math.max(count.calls, Math.floor((kills ?? 0) / 10));
    try {
      const tried = [
        [`SIGKILL at ${most} random moments`, await randomKills(place, most)],
        [
          `SIGKILL at each of the first ${calls} renames, links and fsyncs (${hasStrace() ? 'strace' : 'of Node'})`,
          await killsAtCalls(
            place,
            Array.from({ length: calls }, (_, call) => call + 1),
            hasStrace(),
          ),
        ],
        [
          'a worker throws, exits, runs out of memory, fails always, dies in the step, hangs',
          await faultyWorkers(place),
        ],
        ['SIGINT, SIGTERM, SIGHUP', await signals(place)],
        ['two at once in one folder', await twoAtOnce(place)],
        ['a full disk (tmpfs)', await fullDisk(place)],
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
