import { type FSWatcher, watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { readCheckpoint } from '../../src/run/checkpoint.js';
import { convoy, inProcess, type Running, records, start, writeImages } from '../support/convoy.js';

let cwd: string;

// 30 images in batches of 4, the last one of 2: 8 steps an epoch, 96 in all, a checkpoint every 3.
const config = {
  dataset: 'images',
  imageSize: [8, 8],
  model: { name: 'mlp', hidden: [16], dropout: 0.2 },
  optimizer: { name: 'adam' },
  learningRate: 0.001,
  epochs: 12,
  batchSize: 4,
  shards: 2,
  workers: 2,
  augment: 'flip,crop:1',
  augmentWorkers: 1,
  checkpoint: { everySteps: 3 },
};
const steps = 96;

test.before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'convoy-cli-'));
  // Runs that nothing interrupts are trained in this process.
  process.chdir(cwd);
  process.env['CONVOY_CACHE'] = join(cwd, 'cache');
  process.env['CONVOY_DATA'] = '';
  await writeImages(join(cwd, 'images'), 15, 6);
  await writeFile(join(cwd, 'my.json'), JSON.stringify(config));
});

test.after.always(async () => {
  process.chdir(tmpdir());
  await rm(cwd, { recursive: true });
});

/** Resolves when the run's last checkpoint is of this step or a later one. */
async function reached(run: string, step: number, running: Running): Promise<void> {
  const folder = join(run, 'checkpoints');
  let watcher: FSWatcher | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      watcher = watch(folder, (_event, name) => {
        if (name !== 'last.ckpt') return;
        void readCheckpoint(join(folder, name)).then(({ step: found }) => {
          if (found >= step) resolve();
        }, reject);
      });
      void running.ended.then(({ stdout, stderr }) =>
        reject(new Error(`ended before step ${step}:\n${stdout}\n${stderr}`)),
      );
    });
  } finally {
    watcher?.close();
  }
}

async function weights(run: string): Promise<unknown> {
  return (JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as { weightsSha256: unknown }).weightsSha256;
}

/** Accuracy and loss of every epoch, without times. */
async function scores(run: string): Promise<unknown[]> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const { epoch, steps: done, train, test: tested } = JSON.parse(line) as Record<string, unknown>;
    return { epoch, done, train, tested };
  });
}

test.serial('a run killed twice at random steps and resumed has the weights of one that was not', async (t) => {
  const whole = await inProcess(['train', '--config', 'my.json', '--out', 'whole', '--json']);
  t.is(whole.code, 0, whole.stderr);
  const summary = records(whole.stdout, 'summary')[0];
  t.is(summary?.['weightsSha256'], await weights(join(cwd, 'whole')));

  const random = new RandomStream(41, 'test');
  const killed = join(cwd, 'killed');
  let last = 0;
  for (let kill = 0; kill < 2; kill++) {
    const args =
      kill === 0
        ? ['train', '--config', 'my.json', '--out', 'killed', '--json']
        : ['train', '--resume', 'killed', '--json'];
    const running = start(args, { cwd });
    await running.printed('"type":"start"');
    const wanted = last + 10 + random.below(20);
    await reached(killed, wanted, running);
    running.child.kill('SIGKILL');
    t.is((await running.ended).signal, 'SIGKILL');
    last = (await readCheckpoint(join(killed, 'checkpoints', 'last.ckpt'))).step;
    t.true(last >= wanted && last < steps, `killed after step ${last}`);
    t.deepEqual(await readdir(killed).then((names) => names.includes('summary.json')), false);
  }
  const resumed = await inProcess(['train', '--resume', 'killed', '--workers', '1']);
  t.is(resumed.code, 0, resumed.stderr);
  t.regex(resumed.stdout, new RegExp(`^going on in epoch \\d+ after step ${last}$`, 'm'));
  t.is(await weights(killed), await weights(join(cwd, 'whole')), 'and another number of workers changes nothing');
  t.deepEqual(await scores(killed), await scores(join(cwd, 'whole')));
  t.deepEqual(
    (await readdir(join(killed, 'checkpoints'))).sort(),
    ['best.ckpt', 'last.ckpt'],
    'nothing half written is left',
  );
});

// Codes as shells have them for a process that a signal ended: 128 and its number.
for (const [sent, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test.serial(`${sent} writes a checkpoint, says how to go on and ends with code ${expected}`, async (t) => {
    const name = `stopped-${sent}`;
    const running = start(['train', '--config', 'my.json', '--out', name], { cwd });
    await running.printed('epoch  2');
    running.child.kill(sent);
    const { code, signal, stdout, stderr } = await running.ended;
    t.is(signal, null);
    t.is(code, expected);
    const found =
      /^note: stopping after this step; again to stop at once\nStopped in epoch (\d+) after step (\d+); --resume stopped-\w+ goes on from here\n$/.exec(
        stderr,
      );
    t.truthy(found, stderr);
    t.regex(stdout, /^epoch {2}1 {2}loss/m);
    const kept = await readCheckpoint(join(cwd, name, 'checkpoints', 'last.ckpt'));
    t.is(kept.step, Number(found?.[2]));
    t.is(kept.epoch + 1, Number(found?.[1]));
    t.true(kept.step < steps);
    if (sent !== 'SIGINT') return; // what follows does not depend on the signal
    const resumed = await inProcess(['train', '--resume', name, '--json']);
    t.is(resumed.code, 0, resumed.stderr);
    t.is(await weights(join(cwd, name)), await weights(join(cwd, 'whole')), 'going on gives the same weights');
  });

test.serial('a full disk stops the run with a clear line, and the old checkpoint is as it was', async (t) => {
  // No file may grow beyond 4 KiB (the count is in blocks of 512 bytes): the checkpoint of 3,122 parameters
  // and Adam's two numbers for each, 37 KB, cannot be written.
  const out = await inProcess(['train', '--config', 'my.json', '--epochs', '1', '--out', 'full']);
  t.is(out.code, 0, out.stderr);
  const file = join(cwd, 'full', 'checkpoints', 'last.ckpt');
  const before = await readFile(file);
  const { code, stderr } = await convoy(['train', '--resume', 'full', '--epochs', '2'], { cwd, shell: 'ulimit -f 8' });
  t.is(code, 1);
  t.is(
    stderr,
    'error: full/checkpoints/last.ckpt: expected to write here but it would be larger than the system allows\n',
  );
  t.deepEqual(await readFile(file), before);
  t.deepEqual((await readdir(join(cwd, 'full', 'checkpoints'))).sort(), ['best.ckpt', 'last.ckpt']);
  const resumed = await inProcess(['train', '--resume', 'full', '--epochs', '2', '--json']);
  t.is(resumed.code, 0, 'with room again it goes on');
  t.is(records(resumed.stdout, 'summary')[0]?.['epochs'], 2);
});

test.serial('a reader that leaves ends the program without a word', async (t) => {
  const { child, ended } = start(['train', '--help'], { cwd });
  child.stdout?.destroy();
  t.like(await ended, { code: 141, stderr: '' });
});
