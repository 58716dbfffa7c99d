import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { loadArchitecture } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights } from '../../src/weights/index.js';
import { fixtures } from '../support/keras.js';
import { differences, type KerasStep, runStep } from '../support/keras-step.js';

/** A model of Keras with what Keras computed of it: made by `test/fixtures/keras/layers.py`. */
interface KerasCase {
  readonly name: string;
  readonly model: unknown;
  readonly weights: readonly { readonly name: string; readonly shape: number[]; readonly data: number[] }[];
  readonly step: KerasStep;
}

function read(file: string | URL): readonly KerasCase[] {
  const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as { readonly cases: readonly KerasCase[] };
  return cases;
}

test.before(async () => {
  await loadNative();
});

async function worstOf({ name, model: json, weights, step }: KerasCase, engine: 'compiled' | 'eager') {
  const model = loadArchitecture(json, name);
  const tensors = weights.map(({ data, ...rest }) => ({ ...rest, data: Float32Array.from(data) }));
  const values = mapWeights(model, { file: name, format: 'keras-h5', tensors });
  const found = differences(await runStep(model, values, step, engine), step);
  return [...found].reduce((most, next) => (next[1] > most[1] ? next : most));
}

/** Gradients of tfjs's own kernels differ by more where few elements are large. */
const tolerance = 1e-4;

for (const kerasCase of read(new URL('keras/layers.json.gz', fixtures))) {
  test.serial(`${kerasCase.name}: outputs, loss, gradients and statistics are Keras's, in both engines`, async (t) => {
    for (const engine of ['compiled', 'eager'] as const) {
      const [what, apart] = await worstOf(kerasCase, engine);
      t.true(apart < tolerance, `${engine}: ${what} differs by ${apart}`);
    }
  });
}

const python = process.env['CONVOY_KERAS_PYTHON'];
(python === undefined ? test.skip : test.serial)('the same for arguments drawn anew (CONVOY_KERAS_PYTHON)', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convoy-keras-'));
  try {
    const file = join(folder, 'layers.json.gz');
    const seed = process.env['CONVOY_KERAS_SEED'] ?? String(process.pid);
    const script = new URL('keras/layers.py', fixtures).pathname;
    execFileSync(python as string, [script, seed, file], { stdio: 'ignore' });
    for (const kerasCase of read(file)) {
      const [what, apart] = await worstOf(kerasCase, 'compiled');
      t.true(apart < tolerance, `seed ${seed}: ${kerasCase.name}: ${what} differs by ${apart}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
