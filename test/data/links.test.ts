/** Links of folders and archives: each real image once, and a word about links that lead nowhere. Right values by hand. */
import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { plainPng, tarOf, temporaryFolder, writeTree } from '../fixtures/data/files.js';
import { classCounts, openWithoutHeldOut as open, ten } from '../support/data-rules.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');
const red = await plainPng('#ff0000');
let places = 0;

test.after.always(remove);

/** An archive of ten images in each of two classes, and symbolic links. */
async function archiveWith(links: Readonly<Record<string, string>>): Promise<string> {
  const images = ten('a', 'b').map((name) => [{ name }, red] as const);
  const more = Object.entries(links).map(([name, linkname]) => [{ name, type: 'symlink', linkname }] as const);
  const file = path.join(folder, `${places++}.tar`);
  await writeFile(file, await tarOf([...images, ...more]));
  return file;
}

/** The same as a folder. */
async function folderWith(links: Readonly<Record<string, string>>): Promise<string> {
  const root = path.join(folder, `tree-${places++}`);
  await writeTree(root, Object.fromEntries(ten('a', 'b').map((name) => [name, red])));
  for (const [name, to] of Object.entries(links)) await symlink(to, path.join(root, name));
  return root;
}

const within: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'to an image': { 'b/x.png': '../a/0.png', 'a/y.png': '0.png' },
  'to a link to an image': { 'a/x.png': 'y.png', 'a/y.png': 'z.png', 'a/z.png': '3.png' },
  'through a link to a folder': { same: 'a', 'b/x.png': '../same/1.png' },
  'to a folder, a folder above, and the whole': { 'a/all': '..', 'b/self': '.', latest: '.' },
};

for (const [what, links] of Object.entries(within)) {
  test(`links ${what} add nothing, in a folder and in an archive`, async (t) => {
    for (const name of [await folderWith(links), await archiveWith(links)]) {
      const { train, test: tested, notes } = await open(name);
      t.deepEqual(classCounts(train, tested), { a: 10, b: 10 });
      const number = Object.keys(links).length;
      t.regex(
        notes.join(),
        new RegExp(`^left out ${number} links? to what is in the dataset already: \\S+( and others)?$`),
      );
    }
  });
}

const lost: Readonly<Record<string, string>> = {
  'a circle': 'b/owls',
  'a place that is not there': '../gone',
  'a place outside that is not there': '/nonexistent/owls',
};

for (const [what, to] of Object.entries(lost)) {
  test(`a link to ${what} is a bad image where it is called as one, else a note says so`, async (t) => {
    for (const make of [folderWith, archiveWith]) {
      const { train, test: tested, notes } = await open(await make({ 'b/owls': to.replace('b/', '') }));
      t.deepEqual(classCounts(train, tested), { a: 10, b: 10 });
      t.regex(notes.join(), /^left out 1 link (to nothing|out of the archive): b\/owls$/);
      const image = await make({ 'b/owls.png': to === 'b/owls' ? 'owls.png' : to });
      await t.throwsAsync(open(image), {
        code: 'CONVOY_DATA',
        message: /b\/owls\.png: expected a readable image file but found a link /,
      });
      const { badImages } = await open(image, { onBadImage: 'skip' });
      t.deepEqual(
        badImages.map(({ file }) => file),
        ['b/owls.png'],
      );
    }
  });
}

test('what is new in a folder is seen, although its images are in the cache', async (t) => {
  const name = await folderWith({});
  t.deepEqual((await open(name)).notes, []);
  await symlink('../a/0.png', path.join(name, 'b', 'x.png'));
  t.regex((await open(name)).notes.join(), /left out 1 link/);
  await writeTree(name, { 'c/notes.txt': Buffer.from('-') });
  await t.throwsAsync(open(name), { code: 'CONVOY_DATA', message: /c: expected at least one image/ });
});
