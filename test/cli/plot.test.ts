import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { inProcess, records } from '../support/convoy.js';

test.serial('convoy plot writes the picture of several runs where --out says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-plot-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const runs = ['slow', 'fast'].map((name) => join(folder, name));
  for (const run of runs) {
    await mkdir(run);
    await writeFile(join(run, 'config.json'), '{"epochs":1}');
    await writeFile(join(run, 'metrics.jsonl'), '{"epoch":1,"learningRate":1,"train":{"loss":1,"accuracy":0.5}}\n');
  }
  const out = join(folder, 'both.svg');
  const { code, stdout } = await inProcess(['plot', ...runs, '--out', out, '--json']);
  t.is(code, 0, stdout);
  t.deepEqual(records(stdout, 'picture'), [{ type: 'picture', file: out }]);
  const svg = await readFile(out, 'utf8');
  for (const name of ['slow', 'fast']) t.true(svg.includes(`>${name}</text>`), name);
});

test.serial('convoy plot without a run says what it needs', async (t) => {
  const { code, stderr } = await inProcess(['plot']);
  t.is(code, 2);
  t.regex(stderr, /convoy plot needs <run\.\.\.>: run folders/);
});
