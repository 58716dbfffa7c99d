import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { inProcess, records, writeImages } from '../support/convoy.js';

let folder: string;
const before = process.cwd();
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-show-'));
  process.chdir(folder);
  await writeImages(join(folder, 'images'), 6, 3);
});
test.after.always(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

test.serial('convoy show draws samples of each class and counts them', async (t) => {
  const { code, stdout } = await inProcess(['show', 'images', '--image-size', '8', '--count', '9', '--json']);
  t.is(code, 0, stdout);
  t.deepEqual(records(stdout, 'picture'), [
    {
      type: 'picture',
      file: 'images.png',
      count: 9,
      classes: ['dark', 'light'],
      perClass: { train: [6, 6], test: [3, 3] },
    },
  ]);
  t.is((await sharp(join(folder, 'images.png')).metadata()).format, 'png');
});

test.serial('convoy show tells the classes and where the picture is', async (t) => {
  const args = ['show', 'images', '--split', 'test', '--count', '4', '--out', 'few.png'];
  const { code, stdout } = await inProcess(args);
  t.is(code, 0, stdout);
  t.regex(stdout, /train +test\n +dark +6 +3\n +light +6 +3\nwritten: few\.png \(4 test samples\)/);
});

test.serial('convoy show refuses splits and classes that are not there, and too many samples', async (t) => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['--split', 'validation'], /a split that images has \(test, train\) for --split but received "validation"/],
    [['--classes', 'dark,lihgt'], /light/],
    [['--count', '401'], /an integer from 1 to 400 for --count/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await inProcess(['show', 'images', ...args]);
    t.is(code, 2, stderr);
    t.regex(stderr, message);
  }
});

test.serial('convoy show --check names equal images, blank ones and sizes', async (t) => {
  await writeImages(join(folder, 'odd'), 4, 2);
  const file = (...parts: string[]) => join(folder, 'odd', ...parts);
  await cp(file('train', 'dark', '000.png'), file('test', 'light', 'leak.png'));
  await cp(file('train', 'dark', '001.png'), file('train', 'dark', 'again.png'));
  await sharp({ create: { width: 5, height: 9, channels: 3, background: '#123456' } }).toFile(
    file('test', 'dark', 'blank.png'),
  );
  const { code, stdout } = await inProcess(['show', 'odd', '--image-size', '8', '--check', '--json']);
  t.is(code, 0, stdout);
  t.deepEqual(records(stdout, 'check'), [
    {
      type: 'check',
      acrossFolders: [['test/light/leak.png', 'train/dark/000.png']],
      withinFolder: [['train/dark/001.png', 'train/dark/again.png']],
      blank: ['test/dark/blank.png'],
      sizes: [
        ['8x8', 14],
        ['9x5', 1],
      ],
    },
  ]);
  const told = await inProcess(['show', 'images', '--image-size', '8', '--check']);
  t.regex(told.stdout, /sizes: all images are 8x8\nno two images are equal, and none is blank\n$/);
});

test.serial('convoy augment --augment none draws the samples alone', async (t) => {
  const { code, stdout } = await inProcess(['augment', 'images', '--augment', 'none', '--samples', '2']);
  t.is(code, 0, stdout);
  t.regex(stdout, /^written: augment\.png$/m);
  const { width, height } = await sharp(join(folder, 'augment.png')).metadata();
  t.true(width > height, 'two samples beside each other');
});
