/** A test for each row of "Folders, archives and places" in docs/data.md. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openDataset } from '../../src/data/index.js';
import { plainPng, tarOf, temporaryFolder, writeTree } from '../fixtures/data/files.js';
import { classCounts, openWithoutHeldOut as open, type Rules, ruleRows, ten } from '../support/data-rules.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');
delete process.env['CONVOY_DATA'];

let trees = 0;
const red = await plainPng('#ff0000');

/** A folder with a file for each path: red images, or what is given. */
async function tree(paths: readonly string[], others: Readonly<Record<string, Uint8Array>> = {}): Promise<string> {
  const images = Object.fromEntries(paths.map((name) => [name, red]));
  return writeTree(path.join(folder, `tree-${trees++}`), { ...images, ...others });
}

const rejects = (t: ExecutionContext, name: string, message: RegExp, options: object = {}) =>
  t.throwsAsync(open(name, options), { code: 'CONVOY_DATA', message });

const rules: Rules = {
  extensions: async (t) => {
    const names = ['a.JPG', 'b.jpe', 'c.jfif', 'd.PNG', 'e.tiff', 'f.ppm', 'g.mpo', 'h.Webp'];
    const name = await tree(
      names.flatMap((file) => [`x/${file}`, `y/${file}`]),
      { 'x/notes.txt': Buffer.from('-'), 'x/list.txt': Buffer.from('-'), 'labels.csv': Buffer.from('-') },
    );
    const { train, test: tested, notes } = await open(name);
    t.is(train.count + tested.count, 16);
    t.deepEqual(notes, [
      "left out 1 file beside the classes whose extension is not an image's: 1 .csv",
      "left out 2 files of x whose extension is not an image's: 2 .txt",
    ]);
    await rejects(t, await tree(ten('a', 'b'), { 'a/x.bmp': Buffer.from('BM...........') }), /a\/x\.bmp: .* found BMP/);
    await rejects(
      t,
      await tree([], { 'a/1.xyz': red }),
      /images in folders of their classes, .* but found 1 file of other kinds \(1 \.xyz\)/,
    );
  },
  leftovers: async (t) => {
    const left = ['.git/x.png', 'a/.hidden.png', '@eaDir/a/x.png', 'a/@eaDir/1.png/SYNO.png', '__MACOSX/a/._1.png'];
    const more = ['a/~$1.png', 'lost+found/x.png', '$RECYCLE.BIN/x.png', 'a/Thumbs.db', 'b/desktop.ini', 'b/.#1.png'];
    const { train, test: tested, notes } = await open(await tree([...ten('a', 'b'), ...left, ...more]));
    t.deepEqual([classCounts(train), classCounts(tested), notes], [{ a: 8, b: 8 }, { a: 2, b: 2 }, []]);
  },
  splits: async (t) => {
    for (const [train, tested] of [
      ['Training_Set', 'Testing_Set'],
      ['seg_train', 'seg_test'],
      ['TRAIN', 'dev'],
      ['train2017', 'val2017'],
    ] as const) {
      const opened = await open(
        await tree([...ten(`${train}/a`, `${train}/b`), `${tested}/a/x.png`, `${tested}/b/x.png`]),
      );
      t.deepEqual([opened.train.count, opened.test.count, opened.train.classes], [20, 2, ['a', 'b']]);
    }
    const alone = await open(await tree(ten('train/a', 'train/b')));
    t.deepEqual([alone.train.count, alone.test.count], [16, 4]);
  },
  'other names': async (t) => {
    await rejects(
      t,
      await tree([...ten('my_train/a', 'my_train/b'), ...ten('my_test/a')]),
      /a name that mentions a split/,
    );
    const inside = [...ten('cat/train', 'dog/train'), 'cat/test/x.png'];
    await rejects(t, await tree(inside), /splits above classes, as test\/cat, but found splits inside classes/);
  },
  'class called as a split': async (t) => {
    t.deepEqual((await open(await tree(ten('bus', 'car', 'train')))).train.classes, ['bus', 'car', 'train']);
    await rejects(t, await tree([...ten('bus', 'train/a'), ...ten('train/b')]), /only folders of splits beside train/);
  },
  wrappers: async (t) => {
    const opened = await open(
      await tree([...ten('set/train/train/a', 'set/train/train/b'), 'set/test/a/x.png', 'set/test/b/x.png']),
    );
    t.deepEqual([opened.train.classes, opened.train.count, opened.test.count], [['a', 'b'], 20, 2]);
    t.deepEqual(opened.notes, [
      'the folder set holds everything, so the folders inside it are read in its place',
      'the folder set/train/train holds everything, so the folders inside it are read in its place',
    ]);
  },
  classes: async (t) => {
    for (const paths of [ten('a'), ten('train/a', 'test/a'), [...ten('a/x', 'a/y'), 'a/1.png']]) {
      await rejects(t, await tree(paths), /expected at least two classes, a folder each but found one \(a\)/);
    }
    const rare = await open(await tree([...ten('many'), 'one/1.png', 'two/1.png', 'two/2.png']));
    t.deepEqual(classCounts(rare.test), { many: 2, one: 0, two: 0 });
    t.deepEqual(rare.notes, ['no test image shows one, two']);
  },
  names: async (t) => {
    const [composed, parted] = ['caf\u00e9', 'cafe\u0301'];
    const opened = await open(
      await tree([...ten(`train/${composed}`, 'train/5'), `test/${parted}/x.png`, 'test/5/x.png']),
    );
    t.deepEqual([opened.train.classes, classCounts(opened.test)], [['5', composed], { 5: 1, [composed]: 1 }]);
    const chosen = await open(await tree(ten('0', '5', '7')), { classes: ['5', '0'] });
    t.deepEqual(chosen.train.classes, ['5', '0']);
    await t.throwsAsync(open(await tree(ten('5', '7')), { classes: ['5', '1'] }), {
      code: 'CONVOY_OPTION',
      message: /names among 5, 7 for --classes but received "1"/,
    });
    const latin = await tree(ten('a', 'b'));
    await writeFile(Buffer.concat([Buffer.from(`${latin}/a/caf`), Buffer.of(0xe9), Buffer.from('.png')]), red);
    await rejects(t, latin, /caf\\xe9\.png: expected a name in UTF-8/);
  },
  links: async (t) => {
    const name = await tree(ten('a', 'b'));
    await symlink('..', path.join(name, 'a', 'loop'));
    await symlink('.', path.join(name, 'latest'));
    await symlink('../a/0.png', path.join(name, 'b', 'other.png'));
    const pool = await tree(['p/1.png', 'p/2.png']);
    await symlink(path.join(pool, 'p'), path.join(name, 'c'));
    const { train, test: tested, notes } = await open(name);
    t.deepEqual(classCounts(train, tested), { a: 10, b: 10, c: 2 });
    t.regex(notes.join(), /left out 3 links to what is in the dataset already/);
    const torn = await tree(ten('a', 'b'));
    for (const label of ['a', 'b']) await symlink(path.join(pool, 'p', '1.png'), path.join(torn, label, 'x.png'));
    await rejects(t, torn, /b\/x\.png: expected links to an image from one class but found one from a\/x\.png too/);
  },
  'unreadable files': async (t) => {
    const dangling = await tree(ten('a', 'b'));
    await symlink('/nonexistent/x.png', path.join(dangling, 'a', 'zz.png'));
    const empty = await tree(ten('a', 'b'), { 'a/zz.png': Buffer.alloc(0) });
    const closed = await tree(ten('a', 'b'), { 'a/zz.png': red });
    await chmod(path.join(closed, 'a', 'zz.png'), 0);
    const isRoot = process.getuid?.() === 0; // root reads everything
    for (const [name, found] of [
      [dangling, 'a link to nothing'],
      [empty, 'an empty file'],
      ...(isRoot ? [] : [[closed, 'a file that this user may not read'] as const]),
    ] as const) {
      await rejects(t, name, new RegExp(`a/zz\\.png: expected .* but found ${found}`));
      const { train, test: tested, badImages } = await open(name, { onBadImage: 'skip' });
      t.deepEqual([train.count + tested.count, badImages.map(({ file }) => file)], [20, ['a/zz.png']]);
    }
  },
  'empty folders': async (t) => {
    const name = await tree(ten('a', 'b'), { 'c/notes.txt': Buffer.from('-') });
    await rejects(
      t,
      name,
      /c: expected at least one image but found 1 file, none with an image's extension \(1 \.txt\)/,
    );
    const split = await tree(ten('train/a', 'train/b'));
    await mkdir(path.join(split, 'test'));
    await rejects(t, split, /test: expected folders of classes with images .* but found an empty folder/);
  },
  archives: async (t) => {
    const entries = ten('./a', './b').map((name) => [{ name }, red] as const);
    const folders = ['./', './a/', './b/'].map((name) => [{ name, type: 'directory' }] as const);
    const file = path.join(folder, 'dot.tar');
    const more = [
      [{ name: './a/hard.png', type: 'link', linkname: './a/0.png' }],
      [{ name: './b/soft.png', type: 'symlink', linkname: '../a/0.png' }],
    ] as const;
    await writeFile(file, await tarOf([...folders, ...entries, ...more]));
    const { train, test: tested, notes } = await open(file);
    t.is(train.count + tested.count, 21);
    t.deepEqual(notes, ['left out 1 link to what is in the dataset already: b/soft.png']);
    await writeFile(file, await tarOf([[{ name: '../a/0.png' }, red]]));
    await rejects(t, file, /expected a path inside its folder/);
  },
  'bad images': async (t) => {
    const some = ten('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'); // a hundred
    const one = await tree(some, { 'a/bad.png': Buffer.from('no image') });
    await rejects(t, one, /a\/bad\.png: expected a JPEG, .* but found other content/);
    t.is((await open(one, { onBadImage: 'skip' })).badImages.length, 1);
    const two = await tree(some, { 'a/bad.png': Buffer.from('no image'), 'b/bad.png': Buffer.from('no image') });
    await rejects(t, two, /at most 1% bad images but found 2 of 102/, { onBadImage: 'skip' });
  },
  places: async (t) => {
    await rejects(t, 'mnist', /mnist but found it nowhere/, { dataDir: path.join(folder, 'absent') });
  },
};

test.after.always(remove);
for (const [what, check] of Object.entries(rules)) test.serial(`${what}: as docs/data.md says`, check);

test('every row of the table has a test', async (t) => {
  t.deepEqual(await ruleRows('Folders, archives and places'), Object.keys(rules).sort());
});

test('that a fifth of each class is held out is said, where there are no test images only', async (t) => {
  // A fifth of 10, twice.
  const alone = await openDataset({ name: await tree(ten('a', 'b')), seed: 1 });
  t.regex(alone.notes.join(), /a fifth of each class is held out for the test \(4 images\)/);
  const train = await openDataset({ name: await tree(ten('train/a', 'train/b')), seed: 1 });
  t.regex(train.notes.join(), /has no test images/);
  const tested = await openDataset({ name: await tree(ten('train/a', 'train/b', 'val/a', 'val/b')), seed: 1 });
  t.deepEqual(tested.notes, []);
});
