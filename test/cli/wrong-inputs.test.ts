import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { inProcess, writeImages } from '../support/convoy.js';
import { wrongCommands } from '../support/wrong-inputs/commands.js';
import { wrongDatasets } from '../support/wrong-inputs/datasets.js';
import { wrongTrainings } from '../support/wrong-inputs/training.js';

const table = [...wrongCommands, ...wrongTrainings, ...wrongDatasets];

const files: Readonly<Record<string, unknown>> = {
  'array.json': [],
  'key.json': { epoch: 3 },
  'monitor.json': { earlyStopping: { patience: 2, monitor: 'val_loss' } },
  'network.json': { layers: [{ type: 'conv', filters: 4, kernelSize: 3 }] },
};

let cwd: string;
test.before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'convoy-wrong-'));
  process.chdir(cwd);
  process.env['CONVOY_CACHE'] = join(cwd, 'cache');
  process.env['CONVOY_DATA'] = '';
  await writeImages(join(cwd, 'images'), 11, 5);
  for (const folder of ['empty', 'photos', 'cache']) await mkdir(join(cwd, folder));
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), JSON.stringify(content));
  await writeFile(join(cwd, 'text.json'), 'epochs: 3');
});
test.after.always(async () => {
  process.chdir(tmpdir());
  await rm(cwd, { recursive: true });
});

/** The text, with anything in place of `...`. */
function pattern(text: string): RegExp {
  const parts = text.split('...').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

test.serial('sixty wrong inputs and more are answered in at most two lines that say what to do', async (t) => {
  t.true(table.length >= 60);
  const before = (await readdir(cwd)).sort();
  for (const [line, code, expected] of table) {
    const ended = await inProcess(line.split(' '));
    const told = ended.stderr.trim();
    t.regex(told.replace(/^note: .*\n/, ''), pattern(expected), line);
    t.is(ended.code, code, line);
    t.is(ended.stdout, '', line);
    t.true(told.split('\n').length <= 2, `${line}: at most two lines`);
  }
  t.deepEqual((await readdir(cwd)).sort(), before, 'nothing is left behind, no empty run folder either');
});
