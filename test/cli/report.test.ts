import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { inProcess, records } from '../support/convoy.js';

test.serial('convoy report writes a page of what a broken-off run holds, and says what is missing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-report-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const runs = ['slow', 'fast'].map((name) => join(folder, name));
  for (const run of runs) {
    await mkdir(run);
    await writeFile(join(run, 'config.json'), '{"epochs":3}');
    const phases = '{"data":0,"gradients":1,"allReduce":0,"optimizer":0,"evaluation":0}';
    const line = `{"epoch":1,"learningRate":1,"train":{"loss":1,"accuracy":0.5},"seconds":1,"imagesPerSecond":5,"phases":${phases}}`;
    await writeFile(join(run, 'metrics.jsonl'), `${line}\n`);
  }
  const { code, stdout } = await inProcess(['report', runs[0] ?? '', '--json']);
  t.is(code, 0, stdout);
  const [written] = records(stdout, 'report');
  t.is(written?.['file'], join(folder, 'slow', 'report.html'));
  const notes = records(stdout, 'note').map(({ text }) => String(text));
  t.true(notes.some((text) => text.startsWith('The run has not ended')));
  t.true(
    notes.some((text) => text.startsWith('Without scores and pictures: ')),
    notes.join('\n'),
  );
  const page = await readFile(join(folder, 'slow', 'report.html'), 'utf8');
  t.is(Buffer.byteLength(page), Number(written?.['bytes']));
  t.false(/(src|href)="https?:/.test(page), 'nothing is loaded from elsewhere');
  const out = join(folder, 'both.html');
  t.is((await inProcess(['report', ...runs, '--out', out, '--json'])).code, 0);
  const data = /<script type="application\/json" id="data">(.*)<\/script>/.exec(await readFile(out, 'utf8'))?.[1] ?? '';
  t.deepEqual(
    (JSON.parse(data) as { runs: { name: string }[] }).runs.map(({ name }) => name),
    ['slow', 'fast'],
  );
});

test.serial('convoy report of a folder without a run says so', async (t) => {
  const { code, stderr } = await inProcess(['report', tmpdir()]);
  t.is(code, 1);
  t.regex(stderr, /expected a run folder with a config\.json but found none/);
});
