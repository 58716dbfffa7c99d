import { readdir } from 'node:fs/promises';
import test from 'ava';
import { commands } from '../../src/cli/commands/index.js';
import { inProcess } from '../support/convoy.js';

test('every file of a command has its line in the list', async (t) => {
  const files = await readdir(new URL('../../src/cli/commands/', import.meta.url));
  const names = files.filter((file) => file.endsWith('.js') && file !== 'index.js').map((file) => file.slice(0, -3));
  t.deepEqual(commands.map(({ name }) => name).sort(), names.sort());
});

test.serial('every command explains itself, and its options', async (t) => {
  for (const { name, description, options = [] } of commands) {
    const { code, stdout } = await inProcess([name, '--help']);
    t.is(code, 0, name);
    t.true(stdout.startsWith(`Usage: convoy ${name}`), name);
    t.true(stdout.replace(/\s+/g, ' ').includes(description), name);
    for (const { flags } of options) t.true(stdout.includes(flags), `${name} ${flags}`);
  }
});
