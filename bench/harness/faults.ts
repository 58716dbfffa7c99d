/** What may befall a training, done on purpose. Each gives the faults of convoy that it found: none, where all is well. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RandomStream } from '../../src/base/random.js';
import { leftovers, outcomeOf, startKilledAt, startTraining } from './convoy-run.js';
import { noiseArchive } from './noise-archive.js';

/** Images beside the configuration: a named dataset takes longer to open than these trainings. */
const dataFile = './data.npz';

/** A configuration drawn for a fault, small enough for a few seconds. */
function drawn(random: RandomStream): Record<string, unknown> {
  const pick = <Value>(values: readonly Value[]): Value => values[random.below(values.length)] as Value;
  return {
    dataset: dataFile,
    limit: pick([96, 128, 200]),
    epochs: pick([3, 4, 6]),
    batchSize: pick([16, 32]),
    shards: pick([1, 2, 4]),
    workers: pick([1, 2]),
    seed: random.below(1000),
    model: pick([{ name: 'shapes-cnn' }, { name: 'mlp', hidden: [16], dropout: 0.2 }]),
    optimizer: pick([{ name: 'sgd', momentum: 0.9 }, { name: 'adam' }, { name: 'adamw', ema: { decay: 0.9 } }]),
    learningRate: 0.001,
    schedule: pick([{ name: 'constant' }, { name: 'cosine' }]),
    ...pick([{}, { augment: 'flip,crop:2' }]),
    checkpoint: pick([{ everySteps: 1 }, { everySteps: 3 }, {}]),
  };
}

/** A training that nothing befell, in a folder where others with the same `config.json` follow. */
export interface Undisturbed {
  readonly folder: string;
  /** Its weights and scores. */
  readonly outcome: string;
  readonly seconds: number;
}

/** Trains one drawn configuration, with some options fixed, to the end. */
export async function undisturbed(
  folder: string,
  random: RandomStream,
  fixed: Record<string, unknown> = {},
): Promise<Undisturbed> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, dataFile), noiseArchive());
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...drawn(random), ...fixed }));
  const started = performance.now();
  const { code, stdout, stderr } = await startTraining(['--config', 'config.json', '--out', 'whole'], folder).ended;
  const outcome = await outcomeOf(join(folder, 'whole'));
  if (code !== 0 || outcome === undefined)
    throw new Error(`the undisturbed run ended with ${code}:\n${stdout}${stderr}`);
  return { folder, outcome, seconds: (performance.now() - started) / 1000 };
}

const noStep = (_text: string): void => undefined;

/** Starts a run or goes on with it, whatever a kill has left of it. */
function argumentsFor(begun: boolean): string[] {
  return begun ? ['--resume', 'run'] : ['--config', 'config.json', '--out', 'run'];
}

/** Goes on to the end with what a fault has left: the end must be that of the undisturbed run, and nothing half written. */
export async function settle({ folder, outcome }: Undisturbed, what: string): Promise<string[]> {
  const run = join(folder, 'run');
  const begun = existsSync(join(run, 'config.json'));
  const { code, stdout, stderr } = await startTraining(argumentsFor(begun), folder).ended;
  if (code !== 0)
    return [`${what}: the run that went on ended with ${code}: ${stdout.slice(-300)}${stderr.slice(-300)}`];
  const faults = (await outcomeOf(run)) === outcome ? [] : [`${what}: other weights or scores than undisturbed`];
  const left = await leftovers(run);
  return left.length === 0 ? faults : [...faults, `${what}: left ${left.join(', ')}`];
}

/** Most kills of one run: it gets on by a checkpoint or none between two. */
const killsOfARun = 8;

/** SIGKILL at random moments, several in each of some drawn trainings, then on to the end. */
export async function randomKills(
  folder: string,
  { kills, seed, say }: { readonly kills: number; readonly seed: number; readonly say: (text: string) => void },
): Promise<string[]> {
  const faults: string[] = [];
  const random = new RandomStream(seed, 'test', 0);
  for (let done = 0, run = 0; done < kills; run++) {
    const whole = await undisturbed(join(folder, `kill-${run}`), random);
    const { hit, found } = await killedAtRandom(whole, random, Math.min(kills - done, killsOfARun), `run ${run}`);
    done += hit;
    faults.push(...found.map((fault) => `seed ${seed}, ${fault}`));
    say(`${done} of ${kills} kills, ${faults.length} faults`);
    await rm(whole.folder, { recursive: true, force: true });
  }
  return faults;
}

/** The same for one training: how many kills met it, and the faults. */
export async function killedAtRandom(
  whole: Undisturbed,
  random: RandomStream,
  most: number,
  what: string,
): Promise<{ readonly hit: number; readonly found: string[] }> {
  const { folder, seconds } = whole;
  let hit = 0;
  for (let over = false; hit < most && !over; ) {
    const begun = existsSync(join(folder, 'run', 'config.json'));
    const { child, ended } = startTraining(argumentsFor(begun), folder);
    await Promise.race([wait(random.uniform() * seconds * 1000, undefined, { ref: false }), ended]);
    child.kill('SIGKILL');
    over = (await ended).signal !== 'SIGKILL'; // it was quicker
    if (!over) hit += 1;
  }
  return { hit, found: await settle(whole, `${what}, ${hit} kills`) };
}

const lastingCalls = 'rename,renameat,renameat2,link,linkat,fsync,fdatasync';

/**
 * SIGKILL at the n-th call that makes something last, for every n of `which` until there are fewer: of the system, with strace;
 * else of Node, by a module that is loaded before.
 */
export async function killsAtCalls(
  whole: Undisturbed,
  which: readonly number[],
  { withStrace = false, say = noStep }: { readonly withStrace?: boolean; readonly say?: (text: string) => void } = {},
): Promise<string[]> {
  const faults: string[] = [];
  const { folder } = whole;
  const trace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${lastingCalls}`];
  const args = ['--config', 'config.json', '--out', 'run'];
  for (const call of which) {
    await rm(join(folder, 'run'), { recursive: true, force: true });
    const before = [...trace, '-e', `inject=${lastingCalls}:signal=KILL:when=${call}`];
    // With one thread for files the n-th call of the process is the n-th of that thread.
    const env = { UV_THREADPOOL_SIZE: '1' };
    const killed = withStrace ? startTraining(args, folder, { before, env }) : startKilledAt(call, args, folder);
    if ((await killed.ended).code === 0) break; // there are fewer calls
    faults.push(...(await settle(whole, `killed at call ${call}`)));
    say(`killed at call ${call}, ${faults.length} faults`);
  }
  return faults;
}

export const hasStrace = (): boolean => spawnSync('strace', ['-V']).status === 0;

/** Signals that end a run, and the code that it ends with. */
const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Each signal in the middle of a run: its exit code, a checkpoint, and the same end. */
export async function signals(
  whole: Undisturbed,
  which = Object.keys(endings) as (keyof typeof endings)[],
): Promise<string[]> {
  const faults: string[] = [];
  const { folder } = whole;
  for (const signal of which) {
    const code = endings[signal];
    await rm(join(folder, 'run'), { recursive: true, force: true });
    const running = startTraining(['--config', 'config.json', '--out', 'run'], folder);
    await running.printed('"type":"epoch"');
    running.child.kill(signal);
    const ended = await running.ended;
    const over = ended.code === 0; // it was quicker than the signal
    if (!over && ended.code !== code)
      faults.push(`${signal}: ended with ${ended.code ?? ended.signal} instead of ${code}`);
    if (!over) faults.push(...(await settle(whole, signal)));
  }
  return faults;
}

/** Two runs at one moment in one folder, new and resumed: one goes on, the other says who is there. */
export async function twoAtOnce({ folder, outcome }: Undisturbed): Promise<string[]> {
  const faults: string[] = [];
  await rm(join(folder, 'run'), { recursive: true, force: true });
  for (const args of [argumentsFor(false), ['--resume', 'run', '--epochs', '8']]) {
    const ended = await Promise.all([startTraining(args, folder).ended, startTraining(args, folder).ended]);
    const well = ended.filter(({ code }) => code === 0);
    const refused = ended.filter(({ stdout }) => /"code":"CONVOY_(LOCKED|OPTION)"/.test(stdout));
    if (well.length !== 1 || refused.length !== 1)
      faults.push(`${args.join(' ')} twice: ended with ${ended.map(({ code }) => code).join(' and ')}`);
    if (args[0] === '--config' && (await outcomeOf(join(folder, 'run'))) !== outcome)
      faults.push('two starts: other weights or scores than alone');
  }
  return faults;
}

/** A disk that is full after so many bytes, and then has room again; as root on Linux. */
export async function fullDisk(whole: Undisturbed): Promise<string[] | undefined> {
  const { folder } = whole;
  const run = join(folder, 'run');
  const faults: string[] = [];
  await rm(run, { recursive: true, force: true });
  for (const kilobytes of [64, 400, 1500]) {
    await mkdir(run, { recursive: true });
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'convoy', run]).status !== 0) return undefined;
    try {
      const { code, stdout } = await startTraining(['--config', 'config.json', '--out', 'run'], folder).ended;
      if (code !== 0 && !stdout.includes('"code":"CONVOY_DISK"'))
        faults.push(`full disk: ended with ${code}: ${stdout.slice(-300)}`);
      spawnSync('mount', ['-o', 'remount,size=100m', run]);
      if (code !== 0) faults.push(...(await settle(whole, `full at ${kilobytes} KiB`)));
    } finally {
      spawnSync('umount', [run]);
    }
  }
  return faults;
}
