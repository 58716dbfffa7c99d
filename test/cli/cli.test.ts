import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { convoy, inProcess, records, writeImages } from '../support/convoy.js';
import { wrongWithRuns } from '../support/wrong-inputs/runs.js';

let cwd: string;
const run = (...args: string[]) => convoy(args, { cwd });
const here = (...args: string[]) => inProcess(args);
const small = [
  '--dataset',
  'images',
  '--image-size',
  '8',
  '--model',
  'mlp:hidden=[8]',
  '--batch-size',
  '8',
  '--workers',
  '2',
];

test.before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'convoy-cli-'));
  process.chdir(cwd);
  process.env['CONVOY_CACHE'] = join(cwd, 'cache');
  process.env['CONVOY_DATA'] = '';
  await writeImages(join(cwd, 'images'), 11, 5);
  const trained = await run(
    'train',
    ...small,
    '--epochs',
    '2',
    '--optimizer',
    'adam:epsilon=1e-7',
    '--out',
    'run',
    '--json',
  );
  if (trained.code !== 0) throw new Error(`${trained.stdout}\n${trained.stderr}`);
  await writeFile(join(cwd, 'train.jsonl'), trained.stdout);
});

test.after.always(async () => {
  process.chdir(tmpdir());
  await rm(cwd, { recursive: true });
});

async function json(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(cwd, file), 'utf8')) as Record<string, unknown>;
}

test.serial(
  'a run folder holds everything resolved, an object an epoch, a summary, checkpoints and the model',
  async (t) => {
    t.deepEqual((await readdir(join(cwd, 'run'))).sort(), [
      'architecture.json',
      'checkpoints',
      'config.json',
      'metrics.jsonl',
      'model',
      'record.json',
      'summary.json',
    ]);
    t.deepEqual((await readdir(join(cwd, 'run', 'checkpoints'))).sort(), ['best.ckpt', 'last.ckpt']);
    t.deepEqual((await readdir(join(cwd, 'run', 'model'))).sort(), ['model.json', 'weights.bin']);
    t.like(await json('run/config.json'), {
      dataset: 'images',
      model: { name: 'mlp', hidden: [8] },
      optimizer: { name: 'adam', epsilon: 1e-7 },
      learningRate: 0.001,
      epochs: 2,
      batchSize: 8,
      workers: 2,
      shards: 2,
      seed: 0,
      loss: { name: 'crossEntropy' },
    });
    const metrics = (await readFile(join(cwd, 'run', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    t.is(metrics.length, 2);
    for (const [index, line] of metrics.entries()) {
      const record = JSON.parse(line) as Record<string, Record<string, number>>;
      t.is(record['epoch'] as unknown, index + 1);
      t.is(record['steps'] as unknown, 3 * (index + 1), '22 images in batches of 8: 3 steps an epoch');
      for (const split of ['train', 'test']) t.deepEqual(Object.keys(record[split] ?? {}).sort(), ['accuracy', 'loss']);
      t.deepEqual(Object.keys(record['phases'] ?? {}).sort(), [
        'allReduce',
        'data',
        'evaluation',
        'gradients',
        'optimizer',
      ]);
      const spent = Object.values(record['phases'] ?? {}).reduce((sum, seconds) => sum + seconds, 0);
      t.true(spent > 0 && spent <= Number(record['seconds']), 'phases are parts of the epoch');
      t.true(Number(record['imagesPerSecond']) > 0);
    }
    const summary = await json('run/summary.json');
    t.like(summary, {
      dataset: 'images',
      model: 'mlp',
      epochs: 2,
      workers: 2,
      shards: 2,
      precision: 'float32',
      parameters: 192 * 8 + 8 + 8 * 2 + 2,
    });
    t.regex(String(summary['weightsSha256']), /^[0-9a-f]{64}$/);
    t.true(['compiled', 'eager'].includes(String(summary['engine'])));
  },
);

test.serial('--json prints one object a line and nothing else', async (t) => {
  const stdout = await readFile(join(cwd, 'train.jsonl'), 'utf8');
  const lines = stdout.trim().split('\n');
  const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
  t.deepEqual(
    types.filter((type) => type !== 'data'),
    ['start', 'epoch', 'epoch', 'summary'],
  );
  t.like(records(stdout, 'start')[0], { run: 'run', workers: 2, shards: 2 });
});

test.serial('where there is no terminal, training prints one line an epoch', async (t) => {
  const { code, stdout, stderr } = await run('train', ...small, '--epochs', '1', '--out', 'plain');
  t.is(code, 0);
  const lines = stdout.trim().split('\n');
  t.is(lines.length, 5, stdout);
  t.regex(lines[0] ?? '', /^mlp \(1,562 parameters\) on images: 22 training and 10 test images$/);
  t.regex(lines[1] ?? '', /^2 workers, 2 shards, (compiled|eager) engine, float32; run folder plain$/);
  t.regex(
    lines[2] ?? '',
    /^epoch {2}1 {2}loss \d\.\d{4} {2}accuracy \d+\.\d\d% {2}test loss .* images\/s {2}[\d.]+ s$/,
  );
  t.regex(lines[3] ?? '', /^test accuracy \d+\.\d\d% after 1 epoch in /);
  t.is(lines[4], 'model, metrics and checkpoints: plain');
  t.false((stdout + stderr).includes('\u001b'), 'no escape sequences');
});

test.serial("evaluate writes report, table and picture; its accuracy is the run's", async (t) => {
  const { code, stdout, stderr } = await run('evaluate', 'run');
  t.is(code, 0, stderr);
  const evaluation = await json('run/evaluation.json');
  const summary = (await json('run/summary.json'))['test'] as { accuracy: number; loss: number };
  t.is(evaluation['accuracy'], summary.accuracy);
  t.true(Math.abs((evaluation['loss'] as number) - summary.loss) < 1e-6);
  t.is(evaluation['split'], 'test');
  const matrix = evaluation['confusion'] as number[][];
  t.is(
    matrix.flat().reduce((sum, count) => sum + count, 0),
    10,
    'every test image once',
  );
  t.regex(stdout, /dark/);
  t.regex(await readFile(join(cwd, 'run', 'evaluation.csv'), 'utf8'), /light/);
  for (const name of ['confusion.svg', 'roc.svg']) {
    const picture = await sharp(join(cwd, 'run', name)).metadata();
    t.true((picture.width ?? 0) > 100, name);
  }
  const points = (await readFile(join(cwd, 'run', 'roc.csv'), 'utf8')).trim().split('\n');
  t.regex(points[1] ?? '', /^light,Infinity,0,0$/);
  t.regex(points.at(-1) ?? '', /^light,[\d.e-]+,1,1$/);
  const train = await here('evaluate', 'run', '--split', 'train', '--checkpoint', 'best', '--json');
  t.is(train.code, 0, train.stderr);
  t.is(records(train.stdout, 'evaluation')[0]?.['split'], 'train');
});

test.serial('predict takes images of any format, size and number of channels', async (t) => {
  const image = (width: number, height: number, channels: 3 | 4) =>
    sharp({ create: { width, height, channels, background: { r: 230, g: 230, b: 230, alpha: 0.9 } } });
  await image(300, 40, 3).jpeg().toFile(join(cwd, 'wide.jpg'));
  await image(1, 1, 4).png().toFile(join(cwd, 'dot.png'));
  await image(20, 30, 3).greyscale().webp().toFile(join(cwd, 'grey.webp'));
  const files = ['wide.jpg', 'dot.png', 'grey.webp', 'images/test/light/000.png'];
  const { code, stdout, stderr } = await here('predict', 'run', ...files, '--top', '2', '--json');
  t.is(code, 0, stderr);
  const predictions = records(stdout, 'prediction');
  t.deepEqual(
    predictions.map(({ file }) => file),
    files,
  );
  for (const { top } of predictions) {
    const shares = top as { class: string; share: number }[];
    t.deepEqual(shares.map((item) => item.class).sort(), ['dark', 'light']);
    const [first, second] = shares.map(({ share }) => share) as [number, number];
    t.true(first >= second && Math.abs(first + second - 1) < 1e-6);
  }
});

test.serial('data list and data info tell what there is, where, and how many of each class', async (t) => {
  const list = await here('data', 'list', '--json');
  t.deepEqual(
    records(list.stdout, 'dataset').map(({ name }) => name),
    ['shapes', 'shapes-scenes', 'digits-scenes', 'mnist', 'fashion-mnist', 'cifar10', 'cifar100'],
  );
  t.like(records(list.stdout, 'dataset')[5], { state: 'missing', trainCount: 50_000, testCount: 10_000, classes: 10 });
  const info = await here('data', 'info', 'images', '--image-size', '8', '--json');
  t.is(info.code, 0, info.stderr);
  const found = records(info.stdout, 'dataset')[0];
  t.like(found, { classes: ['dark', 'light'], shape: { height: 8, width: 8, channels: 3 }, badImages: [] });
  t.like(found?.['splits'], [
    { split: 'train', count: 22, perClass: [11, 11] },
    { split: 'test', count: 10, perClass: [5, 5] },
  ]);
  const text = await here('data', 'info', 'images', '--image-size', '8');
  t.regex(text.stdout, /^ {2}dark +11 +5$/m);
  const missing = await here('data', 'info', 'cifar10');
  t.is(missing.code, 0);
  t.regex(missing.stdout, /not here \(download of 162 MiB\)[\s\S]*looked at:[\s\S]*https:/);
});

test.serial(
  'what a user can do wrong with a run is answered in one line that says what was expected, with code 2 or 1',
  async (t) => {
    await writeFile(join(cwd, 'text.json'), 'epochs: 3');
    await mkdir(join(cwd, 'damaged', 'checkpoints'), { recursive: true });
    await writeFile(join(cwd, 'damaged', 'config.json'), await readFile(join(cwd, 'run', 'config.json')));
    const checkpoint = await readFile(join(cwd, 'run', 'checkpoints', 'last.ckpt'));
    await writeFile(join(cwd, 'damaged', 'checkpoints', 'last.ckpt'), checkpoint.subarray(0, 100));
    await cp(join(cwd, 'run'), join(cwd, 'torn'), { recursive: true });
    await truncate(join(cwd, 'torn', 'architecture.json'), 100);
    await mkdir(join(cwd, 'list'));
    await writeFile(join(cwd, 'list', 'config.json'), '[]');
    const before = (await readdir(cwd)).sort();
    for (const [args, code, expected] of wrongWithRuns) {
      const ended = await here(...args.split(' '));
      if (typeof expected === 'string') t.is(ended.stderr, expected, args);
      else t.regex(ended.stderr, expected, args);
      t.is(ended.code, code, args);
      t.notRegex(ended.stderr, /\n {4}at /, `${args}: no stack trace`);
    }
    const left = (await readdir(cwd)).filter((name) => !before.includes(name));
    t.deepEqual(left, [], 'nothing is left behind, no empty run folder either');
  },
);

test.serial('with --json errors are objects too', async (t) => {
  const usage = await here('train', '--epoch', '3', '--json');
  t.is(usage.code, 2);
  t.is(usage.stderr, '');
  t.deepEqual(records(usage.stdout, 'error'), [
    {
      type: 'error',
      code: 'CONVOY_OPTION',
      message: 'Unknown option "--epoch" of convoy train; did you mean --epochs? (convoy train --help lists all)',
      details: { place: '--epoch', suggestions: ['--epochs'] },
    },
  ]);
  const missing = await here('evaluate', 'nowhere', '--json');
  t.is(missing.code, 1);
  t.like(records(missing.stdout, 'error')[0], { code: 'CONVOY_CHECKPOINT', details: { file: 'nowhere' } });
});

test.serial('a loss that is not finite ends the run with the step, and the last good checkpoint is kept', async (t) => {
  const { code, stderr } = await run(
    'train',
    ...small,
    '--learning-rate',
    '1e30',
    '--epochs',
    '3',
    '--out',
    'diverged',
  );
  t.is(code, 1);
  t.regex(
    stderr,
    /^error: Expected (a finite loss but found (NaN|Infinity) in step \d+|finite weights but .* after step \d+).*\n$/,
  );
  t.deepEqual(await readdir(join(cwd, 'diverged', 'checkpoints')), ['last.ckpt']);
  t.is((await here('evaluate', 'diverged')).code, 0, 'the checkpoint can be used');
});
