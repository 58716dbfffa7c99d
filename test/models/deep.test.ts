import test from 'ava';
import { compileModel } from '../../src/graph/index.js';
import { createModel, loadArchitecture } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { stepSpec } from '../support/engine-run.js';

test('a network of 3,000 layers is written, read again and compiled', async (t) => {
  await loadNative(); // models are made on its backend
  const between = Array.from({ length: 3000 }, () => ({ type: 'activation', activation: 'tanh' }));
  const layers = [{ type: 'flatten' }, { type: 'dense', units: 2 }, ...between, { type: 'dense', units: 'classes' }];
  const made = createModel('custom', { height: 2, width: 2, channels: 1, classes: 3, layers });
  const read = loadArchitecture(JSON.parse(String(made.toJSON())));
  t.is(read.layers.length, 3004); // and the input
  const { nodes } = compileModel(read, stepSpec(read));
  t.true(nodes >= 2 * 3000, `${nodes} nodes`); // forward, and a gradient of each
});
