import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';

test('messages name the set-up command of a checkout or of a dependency, whichever this is', async (t) => {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  t.true(files.length > 100);
  const naming: string[] = [];
  for (const file of files) if ((await readFile(`src/${file}`, 'utf8')).includes('npm run native')) naming.push(file);
  t.deepEqual(naming, ['base/set-up.ts'], 'setUpCommand is the one place');
});
