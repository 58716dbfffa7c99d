import { readFile } from 'node:fs/promises';
import test from 'ava';
import { optionTables } from '../../src/config/option-tables.js';

test('docs/options.md is what the definitions say; npm run options writes it', async (t) => {
  t.is(await readFile('docs/options.md', 'utf8'), optionTables());
});
