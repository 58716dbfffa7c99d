/**
 * `node dist/bench/checks/cluster-faults.js [times] [seed]`: disturbs trainings on 2 or 3 ranks of this machine at drawn moments
 * (6 times by default): a rank is killed, stopped or the launcher told to end. Each run is resumed on a drawn number of
 * ranks. Failure: an exit code that docs/cluster.md does not name, a process that is left, or other weights than those of
 * the run that nobody disturbed.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../../src/base/random.js';
import { noCluster } from '../../test/support/cluster.js';
import { convoy, type Ended, records, start } from '../../test/support/convoy.js';

const [times = 6, seed = 1] = process.argv.slice(2).map(Number);

/** Signals, whom they hit, and what the launcher ends with. */
const faults = [
  { signal: 'SIGKILL', to: 'rank', code: 4 },
  { signal: 'SIGSTOP', to: 'rank', code: 4 },
  { signal: 'SIGTERM', to: 'launcher', code: 143 },
  { signal: 'SIGINT', to: 'launcher', code: 130 },
] as const;

const epochs = 20;
const config = {
  dataset: 'shapes',
  model: { name: 'shapes-cnn' },
  epochs,
  batchSize: 32,
  limit: 160,
  testLimit: 32,
  learningRate: 0.02,
  optimizer: { name: 'adam' },
  augment: [{ name: 'flip' }],
  shards: 6,
  workers: 1,
  checkpoint: { everySteps: 3 },
};

const weightsOf = ({ stdout }: Ended): unknown => records(stdout, 'summary')[0]?.['weightsSha256'];
const onRanks = (count: number): string[] => (count === 1 ? [] : ['--hosts', `localhost:${count}`]);

/** Processes with a run folder in their command line, by rank; -1: the launchers. */
async function processes(folder: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const pid of (await readdir('/proc')).map(Number).filter(Number.isInteger)) {
    const read = (name: string) => readFile(join('/proc', String(pid), name), 'utf8').catch(() => '');
    if (!(await read('cmdline')).includes(folder)) continue;
    const rank = /OMPI_COMM_WORLD_RANK=(\d+)/.exec(await read('environ'))?.[1];
    found.set(Number(rank ?? -1), pid);
  }
  return found;
}

async function disturbed(time: number, cwd: string, expected: unknown): Promise<string[]> {
  const random = new RandomStream(seed, 'test', time);
  const fault = faults[time % faults.length] ?? faults[0];
  const [ranks, later, epoch] = [2 + random.below(2), 1 + random.below(3), 1 + random.below(epochs - 2)];
  const out = join(cwd, `run-${time}`);
  const args = ['train', '--config', 'my.json', '--cluster-timeout', '4', '--json', '--out', out];
  const running = start([...args, ...onRanks(ranks)], { cwd });
  await running.printed(`"type":"epoch","epoch":${epoch}`);
  const rank = random.below(ranks);
  const pid = fault.to === 'rank' ? (await processes(out)).get(rank) : running.child.pid;
  if (pid === undefined) return [`no process of rank ${rank}`];
  process.kill(pid, fault.signal);
  const ended = await running.ended;
  const left = await processes(out);
  const resumed = await convoy(['train', '--resume', out, '--json', ...onRanks(later)], { cwd });
  const where = fault.to === 'rank' ? `rank ${rank} of ${ranks}` : `the launcher of ${ranks} ranks`;
  console.log(`${fault.signal} to ${where} in epoch ${epoch + 1}: exit code ${ended.code}; resumed on ${later}`);
  return [
    // A run may reach its end before the signal reaches all ranks.
    ...(ended.code === fault.code || weightsOf(ended) === expected
      ? []
      : [`exit code ${ended.code} instead of ${fault.code}: ${ended.stderr}`]),
    ...(left.size === 0 ? [] : [`${left.size} processes are left`]),
    ...(resumed.code === 0 ? [] : [`resumed: exit code ${resumed.code}: ${resumed.stderr}`]),
    ...(weightsOf(resumed) === expected ? [] : [`weights ${weightsOf(resumed)} instead of ${expected}`]),
  ];
}

const missing = noCluster();
if (missing !== undefined) {
  console.log(`skipped: ${missing}`);
} else {
  const cwd = await mkdtemp(join(tmpdir(), 'convoy-cluster-'));
  let failures = 0;
  try {
    await writeFile(join(cwd, 'my.json'), JSON.stringify(config));
    const expected = weightsOf(await convoy(['train', '--config', 'my.json', '--json', '--out', 'alone'], { cwd }));
    if (expected === undefined) throw new Error('the undisturbed run failed');
    for (let time = 0; time < times; time++) {
      for (const problem of await disturbed(time, cwd, expected)) {
        failures++;
        console.log(`FAILED  ${problem}`);
      }
    }
  } finally {
    await rm(cwd, { recursive: true });
  }
  console.log(failures === 0 ? `${times} disturbed runs ended as said, with the same weights` : `${failures} failures`);
  process.exitCode = failures === 0 ? 0 : 1;
}
