import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import type { ConfigInput } from '../../src/config/config.js';
import type { TrainSummary } from '../../src/run/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets } from '../support/tiny-data.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-'));
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, code: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, code);
  return file;
}

function train(loss: ConfigInput['loss'], more: ConfigInput = {}, notes: string[] = []): Promise<TrainSummary> {
  const config: ConfigInput = {
    dataset: 'tiny',
    model: { name: 'mlp', hidden: [8] },
    loss,
    learningRate: 0.05,
    epochs: 2,
    batchSize: 16,
    workers: 2,
    shards: 2,
  };
  return new Trainer({
    config: { ...config, ...more },
    datasets: tinyDatasets(),
    onNote: (note) => void notes.push(note),
  })
    .train()
    .then(summaryOf);
}

test.serial('a loss in code trains as the same loss by name does', async (t) => {
  // meanSquaredError by its definition: the mean over a sample's outputs.
  const path = await write(
    'loss.mjs',
    'export const squared = (outputs, targets, tf) => tf.mean(tf.square(tf.sub(outputs, targets)), -1);',
  );
  const notes: string[] = [];
  const own = await train({ name: 'module', path, export: 'squared' }, {}, notes);
  const named = await train({ name: 'meanSquaredError' }, { engine: 'eager' });
  t.is(own.engine, 'eager');
  t.regex(notes.join(), /the compiler does not know the loss of .*loss\.mjs: training with the eager engine/);
  t.true(Math.abs(own.test.loss - named.test.loss) < 1e-6 * named.test.loss, `${own.test.loss} ${named.test.loss}`);
  t.deepEqual(own.test.accuracy, named.test.accuracy);
});

test.serial('a loss in code that cannot be had, or gives something else, is told', async (t) => {
  const good = await write('good.mjs', 'export default (outputs) => outputs.sum(-1);');
  const scalar = await write('scalar.mjs', 'export default (outputs) => outputs.sum();');
  const cases: readonly (readonly [loss: ConfigInput['loss'], more: ConfigInput, message: RegExp])[] = [
    [
      { name: 'module', path: join(folder, 'none.mjs') },
      {},
      /none\.mjs: loss\.path: expected an ES module with a loss but found no such file/,
    ],
    [
      { name: 'module', path: await write('broken.mjs', 'export default (') },
      {},
      /broken\.mjs: loss\.path: expected an ES module with a loss but found/,
    ],
    [
      { name: 'module', path: good, export: 'focal' },
      {},
      /export focal: expected a function \(outputs, targets, tf\) but found undefined/,
    ],
    [
      { name: 'module', path: scalar },
      {},
      /export default: expected the losses of \d+ samples, a tensor \[\d+\], but found a tensor \[\]/,
    ],
    [{ name: 'module', path: good }, { engine: 'compiled' }, /Expected a loss that can be compiled but found/],
    [
      { name: 'module', path: good },
      { precision: 'bfloat16', forcePrecision: true },
      /--precision bfloat16 needs the compiled engine, which does not know the loss of .*; use --precision float32/,
    ],
  ];
  for (const [loss, more, message] of cases)
    await t.throwsAsync(train(loss, more), { instanceOf: ConvoyError, message });
});
