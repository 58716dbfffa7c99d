import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { phase } from '../../src/cli/parsers.js';
import { createModel, initialWeights } from '../../src/models/index.js';
import { exportLayersModel } from '../../src/run/export-model.js';
import { inProcess, records } from '../support/convoy.js';
import { fixtures } from '../support/keras.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-'));
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

const parity = (path: string): string => new URL(`parity/${path}`, fixtures).pathname;

/** What `convoy model` says in its JSON. */
async function summary(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await inProcess(['model', ...args, '--json']);
  if (code !== 0) throw new Error(stdout + stderr);
  return records(stdout, 'model')[0];
}

test.serial('a summary of a Keras file, of either format', async (t) => {
  // Keras's own count of this model (its summary): 62,346.
  for (const file of ['final.h5', 'final.keras']) {
    t.like(await summary(parity(`keras-fashion-cnn/${file}`)), { parameters: 62_346, trainableParameters: 62_346 });
  }
});

test.serial('a summary of a tfjs model, and of a network described in JSON, in the size asked for', async (t) => {
  const model = createModel('mlp', { height: 4, width: 4, channels: 1, classes: 3, hidden: [5] });
  await exportLayersModel(model, initialWeights(model, 1), folder);
  t.like(await summary(join(folder, 'model.json')), { parameters: 16 * 5 + 5 + 5 * 3 + 3 });
  const described = join(folder, 'network.json');
  await writeFile(described, JSON.stringify({ layers: [{ type: 'flatten' }, { type: 'dense', units: 'classes' }] }));
  t.like(await summary(described, '--size', '2', '--channels', '3', '--classes', '4'), { parameters: 12 * 4 + 4 });
});

const refused: readonly (readonly [args: () => string[], message: RegExp])[] = [
  [
    () => [parity('keras-fashion-cnn/final.weights.h5')],
    /expected a model with its architecture but found weights alone/,
  ],
  [
    () => [parity('keras-fashion-cnn/final.h5'), '--classes', '3'],
    /--classes needs a network by name or in JSON; the model in .*final\.h5 has its own/,
  ],
  [
    () => [`${join(folder, 'model.json')}:width=3`],
    /Option width needs a network by name; .*model\.json is a file or folder/,
  ],
  [
    () => ['nothing.h5'],
    /Expected the name of a network, or the path of a model file or run folder, for the model but received "nothing\.h5"/,
  ],
];
test.serial('what is no model is refused', async (t) => {
  for (const [args, message] of refused) {
    const { code, stderr } = await inProcess(['model', ...args()]);
    t.not(code, 0);
    t.regex(stderr, message);
  }
});

test('phases are given one by one, with their options', (t) => {
  const first = phase('20', '--phase');
  t.deepEqual(phase('15:freeze=until:layer2.2.bn2,learningRate=0.01', '--phase', first), [
    { epochs: 20 },
    { epochs: 15, freeze: 'until:layer2.2.bn2', learningRate: 0.01 },
  ]);
  t.throws(() => phase('many', '--phase'), {
    message: 'Expected an integer of at least 1 for --phase but received "many"',
  });
});
