import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { type ConfigInput, resolveConfig } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import { onThisProcessor, settlePrecision } from '../../src/runtime/engine-source.js';
import { tinyModel } from '../support/tiny.js';

test.before(async () => {
  await loadNative(); // models are made on its backend
});

const config = (input: ConfigInput) => resolveConfig({ where: 'test', input });
const with16 = { bfloat16: true };
const without = { bfloat16: false };

/** A model with a layer that the compiler does not know. */
function remembering(): LayersModel {
  const { layers } = tf;
  return tf.sequential({
    layers: [layers.reshape({ targetShape: [8, 8], inputShape: [8, 8, 1] }), layers.lstm({ units: 3 })],
  });
}

test('auto is bfloat16 where the processor has it and the model compiles, else float32', (t) => {
  const [tiny, lstm] = [tinyModel(), remembering()];
  const auto = (more: ConfigInput = {}) => config({ precision: 'auto', ...more });
  t.is(settlePrecision(auto(), tiny, with16), 'bfloat16');
  t.is(settlePrecision(auto({ engine: 'compiled' }), tiny, with16), 'bfloat16');
  t.is(settlePrecision(auto(), tiny, without), 'float32');
  t.is(settlePrecision(auto({ engine: 'eager' }), tiny, with16), 'float32');
  t.is(settlePrecision(auto(), lstm, with16), 'float32');
  t.is(settlePrecision(auto({ loss: { name: 'module', path: 'own.mjs' } }), tiny, with16), 'float32');
  for (const model of [tiny, lstm]) model.dispose();
});

test('bfloat16 is refused where it would be slower, unless forced', (t) => {
  const model = tinyModel();
  const error = t.throws(() => settlePrecision(config({ precision: 'bfloat16' }), model, without), {
    instanceOf: ConvoyError,
  });
  t.is(error?.code, 'CONVOY_OPTION');
  t.regex(error?.message ?? '', /AVX512-BF16 or AMX for --precision bfloat16 but this one has neither/);
  t.is(settlePrecision(config({ precision: 'bfloat16' }), model, with16), 'bfloat16');
  t.is(settlePrecision(config({ precision: 'bfloat16', forcePrecision: true }), model, without), 'bfloat16');
  model.dispose();
});

test('a run recorded in a bfloat16 that this processor does not have goes on in float32, with a note', (t) => {
  const notes: string[] = [];
  const here = (input: ConfigInput, features: { readonly bfloat16: boolean }) =>
    onThisProcessor(config(input), (note) => notes.push(note), features).precision;
  t.is(here({ precision: 'bfloat16' }, with16), 'bfloat16');
  t.is(here({ precision: 'bfloat16', forcePrecision: true }, without), 'bfloat16');
  t.is(here({ precision: 'float32' }, without), 'float32');
  t.deepEqual(notes, []);
  t.is(here({ precision: 'bfloat16' }, without), 'float32');
  t.is(notes.length, 1);
  t.regex(notes[0] ?? '', /recorded in bfloat16, which this processor does not have/);
});
