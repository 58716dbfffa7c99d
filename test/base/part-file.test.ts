import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'ava';
import { partOf, removeDeadParts } from '../../src/base/part-file.js';

test('parts of processes that ended are removed, files and folders; those of living ones and of strangers stay', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-part-'));
  const alive = partOf(join(folder, 'a.bin'));
  const name = basename(alive);
  t.not(partOf(join(folder, 'a.bin')), alive, 'no two are alike');
  // No process has the number 0, and none of this number started at moment 1.
  const ended = name.replace(`-${process.pid}-`, '-4194305-');
  const reused = name.replace(/-\d+-([0-9a-f]{8})\.part$/, '-1-$1.part');
  const elsewhere = name.replace(/\.[0-9a-f]{8}-/, '.00000000-');
  for (const file of [name, ended, reused, elsewhere, 'forgotten.part', 'whole.bin'])
    await writeFile(join(folder, file), 'x');
  const inFolder = ended.replace('a.bin', 'images');
  await mkdir(join(folder, inFolder));
  await writeFile(join(folder, inFolder, 'one.png'), 'x');
  const weeksAgo = new Date(Date.now() - 14 * 24 * 60 * 60 * 1000);
  await utimes(join(folder, 'forgotten.part'), weeksAgo, weeksAgo);
  await removeDeadParts(folder);
  t.deepEqual((await readdir(folder)).sort(), [name, elsewhere, 'whole.bin'].sort());
  await rm(folder, { recursive: true });
});
