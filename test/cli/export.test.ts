import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { formatNames } from '../../src/cli/commands/export.js';
import { exportFormats } from '../../src/export/index.js';
import { inProcess, records } from '../support/convoy.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-export-cli-'));
  const { code, stdout, stderr } = await inProcess([
    ...['train', '--dataset', 'shapes', '--model', 'shapes-cnn:widthFactor=0.25'],
    ...['--epochs', '1', '--workers', '1', '--out', join(folder, 'run')],
  ]);
  if (code !== 0) throw new Error(stdout + stderr);
});
test.after.always(async () => {
  await rm(folder, { recursive: true });
});

test.serial('the command knows the formats that there are', (t) => {
  t.deepEqual(
    exportFormats.map(({ name }) => name),
    [...formatNames],
  );
});

test.serial('convoy export --check writes a graph that tfjs runs as the run does, and a model card', async (t) => {
  const run = join(folder, 'run');
  const args = ['export', run, '--format', 'tfjs-graph', '--with-preprocessing', '--check', '--json'];
  const { code, stdout, stderr } = await inProcess(args);
  t.is(code, 0, stdout + stderr);
  const [record] = records(stdout, 'export') as [{ folder: string; files: string[]; check: Record<string, unknown> }];
  t.is(record.folder, join(run, 'exports', 'tfjs-graph'));
  for (const file of record.files) t.true(existsSync(join(record.folder, file)), file);
  t.is(record.check['images'], 16);
  t.true(record.check['ofTestSet']);
  t.true((record.check['difference'] as number) < 1e-4);
  const card = await readFile(join(record.folder, 'README.md'), 'utf8');
  const { weightsSha256 } = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8'));
  t.true(card.includes(weightsSha256));
  t.regex(card, /shapes-cnn:widthFactor=0\.25/);
});

test.serial('convoy export refuses what a format lacks, and a Python that is not there', async (t) => {
  const run = join(folder, 'run');
  const cases: readonly (readonly [string[], RegExp, number])[] = [
    [[], /saved-model, onnx/, 2],
    [['--format', 'onxx'], /onnx/, 2],
    [['--format', 'keras', '--opset', '17'], /--format onnx/, 2],
    [['--format', 'keras', '--quantize', 'dynamic-int8'], /--quantize needs --format onnx/, 2],
    [['--format', 'onnx', '--quantize', 'int4'], /dynamic-int8 for --quantize/, 2],
    [['--format', 'onnx', '--opset', '5'], /an integer from 13 to 21 for --opset/, 2],
    [['--format', 'keras', '--with-preprocessing'], /a format of graphs/, 2],
    [['--format', 'torch'], /shapes-cnn/, 2],
  ];
  for (const [args, message, expected] of cases) {
    const { code, stderr } = await inProcess(['export', run, ...args]);
    t.is(code, expected, stderr);
    t.regex(stderr, message);
  }
  process.env['CONVOY_EXPORT_PYTHON'] = join(folder, 'no-python');
  const { code, stderr } = await inProcess(['export', run, '--format', 'onnx', '--check']);
  delete process.env['CONVOY_EXPORT_PYTHON'];
  t.not(code, 0);
  t.regex(stderr, /no-python: expected the exported model to run/);
});
