import { readFile } from 'node:fs/promises';
import test from 'ava';
import { ConvoyError, type ErrorCode } from '../../src/base/errors.js';
import { exitCodeOf } from '../../src/cli/terminal.js';

test('every code of an error ends with the exit code that docs/errors.md says', async (t) => {
  const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const source = await readFile(new URL('../../../src/base/errors.ts', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/^ {2}\| '(CONVOY_\w+)'/gm)].map(([, code]) => code as ErrorCode);
  t.true(codes.length > 10);
  for (const code of codes) {
    const said = new RegExp(`^\\| \`${code}\` \\| ([\\d, ]+) \\|`, 'm').exec(page)?.[1];
    t.truthy(said, `${code} is in docs/errors.md`);
    t.true(said?.split(', ').includes(String(exitCodeOf(new ConvoyError(code, '')))), code);
  }
  t.is(exitCodeOf(new TypeError('x')), 70);
});
