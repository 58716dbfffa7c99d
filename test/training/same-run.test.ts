import { cp, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { convoy, inProcess, records, writeImages } from '../support/convoy.js';

let cwd: string;

const config = {
  dataset: 'images',
  imageSize: [8, 8],
  model: { name: 'mlp', hidden: [4] },
  epochs: 1,
  batchSize: 8,
  shards: 2,
  workers: 1,
};

test.before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'convoy-same-'));
  await writeImages(join(cwd, 'images'), 8, 4);
  await writeFile(join(cwd, 'my.json'), JSON.stringify(config));
  const ended = await convoy(['train', '--config', 'my.json', '--out', 'run'], { cwd });
  if (ended.code !== 0) throw new Error(ended.stderr);
  process.chdir(cwd);
  process.env['CONVOY_CACHE'] = join(cwd, 'cache');
});

test.after.always(() => {
  process.chdir(tmpdir());
  return rm(cwd, { recursive: true });
});

async function changed(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(join(cwd, file), 'utf8');
  if (change(text) === text) throw new Error(`${file}: nothing changed`);
  await writeFile(join(cwd, file), change(text));
}

const resume = (run: string) => inProcess(['train', '--resume', join(cwd, run), '--epochs', '2', '--json']);

for (const [what, file, change, message] of [
  [
    'seed',
    'config.json',
    (text: string) => text.replace('"seed": 0', '"seed": 1'),
    /config.json: seed: expected 0 as in .*last.ckpt but found 1/,
  ],
  [
    'rate',
    'config.json',
    (text: string) => text.replace(/"learningRate": [\d.]+/, '"learningRate": 0.5'),
    /config.json: learningRate: expected 0.* found 0.5/,
  ],
  [
    'batch',
    'config.json',
    (text: string) => text.replace('"batchSize": 8', '"batchSize": 4'),
    /config.json: batchSize: expected 8/,
  ],
  [
    'network',
    'architecture.json',
    (text: string) => text.replace('"relu"', '"tanh"'),
    /architecture.json: expected the network that .*last.ckpt was written with/,
  ],
] as const) {
  test.serial(`a run is not resumed with another ${what}, and nothing of it is touched`, async (t) => {
    const run = `changed-${what}`;
    await cp(join(cwd, 'run'), join(cwd, run), { recursive: true });
    await changed(join(run, file), change);
    const names = (await readdir(join(cwd, run), { recursive: true })).sort();
    const { code, stdout } = await resume(run);
    t.is(code, 1, stdout);
    const [error] = records(stdout, 'error');
    t.is(error?.['code'], 'CONVOY_CHECKPOINT');
    t.regex(String(error?.['message']), message);
    t.deepEqual((await readdir(join(cwd, run), { recursive: true })).sort(), names);
  });
}

test.serial('a run without its last checkpoint says so, and does not begin anew', async (t) => {
  await cp(join(cwd, 'run'), join(cwd, 'without'), { recursive: true });
  await rm(join(cwd, 'without/checkpoints/last.ckpt'));
  const { code, stdout } = await resume('without');
  t.is(code, 1);
  t.regex(
    stdout,
    /last.ckpt: expected the checkpoint to go on from but found no such file; copied to last.ckpt, best.ckpt/,
  );
});

test.serial('a run is not resumed with another test image', async (t) => {
  await cp(join(cwd, 'run'), join(cwd, 'other-test'), { recursive: true });
  const file = join(cwd, 'images/test/dark/000.png');
  const before = await readFile(file);
  await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toFile(file);
  const { code, stdout } = await resume('other-test');
  await writeFile(file, before);
  t.is(code, 1, stdout);
  t.regex(stdout, /expected the test data of the run/);
});

test.serial('while a run is gone on with, there is no summary and no model of its end', async (t) => {
  await cp(join(cwd, 'run'), join(cwd, 'again'), { recursive: true });
  t.true((await readdir(join(cwd, 'again'))).includes('summary.json'));
  // No file may grow beyond 512 bytes: it ends with an error at its first metrics or checkpoint.
  const { code } = await convoy(['train', '--resume', 'again', '--epochs', '3'], { cwd, shell: 'ulimit -f 1' });
  t.not(code, 0);
  const left = await readdir(join(cwd, 'again'));
  t.false(left.includes('summary.json') || left.includes('model'), left.join());
});

test.serial('photographs count by what is in them, wherever they lie', async (t) => {
  const { sampledContent } = await import('../../src/data/sampled-content.js');
  const folder = join(cwd, 'photos');
  await cp(join(cwd, 'images'), folder, { recursive: true });
  const paths = ['train/dark/000.png', 'train/light/001.png'];
  const first = await sampledContent(folder, paths);
  await cp(folder, join(cwd, 'elsewhere'), { recursive: true });
  t.is(await sampledContent(join(cwd, 'elsewhere'), paths), first);
  const file = join(folder, paths[1] as string);
  const bytes = await readFile(file);
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 1;
  const then = new Date(1e12);
  await writeFile(file, bytes);
  await utimes(file, then, then);
  t.not(await sampledContent(folder, paths), first);
  const large = Buffer.alloc(100_000, 7);
  await writeFile(file, large);
  const whole = await sampledContent(folder, paths);
  large[50_000] = 8;
  await writeFile(file, large);
  t.not(await sampledContent(folder, paths), whole, 'in the middle of a large file too');
});
