import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { isObject, layerDefinitions } from '../../src/layers/index.js';
import { loadArchitecture } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights } from '../../src/weights/index.js';
import { compareEngines } from '../support/engines.js';
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

/** The layers of a model and of models inside it: class and arguments. */
function configurations(json: unknown): { readonly className: string; readonly config: Record<string, unknown> }[] {
  const config = isObject(json) && isObject(json['config']) ? json['config'] : {};
  const layers: unknown[] = Array.isArray(config['layers']) ? config['layers'] : [];
  const own = isObject(json) ? [{ className: String(json['class_name']), config }] : [];
  const activation = isObject(config['activation']) ? configurations(config['activation']) : [];
  return [...own, ...activation, ...layers.flatMap(configurations)];
}

test.before(async () => {
  await loadNative();
});

const cases = read(new URL('keras/layers.json.gz', fixtures));

function load({ name, model: json, weights }: KerasCase) {
  const model = loadArchitecture(json, name);
  // A file of Keras says the group of a layer and the place in it: a `LayerScale` calls its weight `variable_1`.
  const places = new Map<string, number>();
  const tensors = weights.map(({ data, ...rest }) => {
    const layer = rest.name.split('/')[0] ?? '';
    const index = places.get(layer) ?? 0;
    places.set(layer, index + 1);
    return { ...rest, layer, index, data: Float32Array.from(data) };
  });
  return { model, values: mapWeights(model, { file: name, format: 'keras-h5', tensors }) };
}

async function worstOf(kerasCase: KerasCase, engine: 'compiled' | 'eager') {
  const { model, values } = load(kerasCase);
  const { step } = kerasCase;
  const found = differences(await runStep(model, values, step, engine), step);
  return [...found].reduce((most, next) => (next[1] > most[1] ? next : most));
}

/** Gradients of tfjs's own kernels differ by more where few elements are large. */
const tolerance = 2e-4;

for (const kerasCase of cases) {
  test.serial(`${kerasCase.name}: outputs, loss, gradients and statistics are Keras's, in both engines`, async (t) => {
    for (const engine of ['compiled', 'eager'] as const) {
      const [what, apart] = await worstOf(kerasCase, engine);
      t.true(apart < tolerance, `${engine}: ${what} differs by ${apart}`);
    }
  });
}

for (const kerasCase of cases.filter(({ step }) => step.loss === undefined)) {
  test.serial(`${kerasCase.name}: both engines draw the same and have the same gradients`, async (t) => {
    for (const [what, apart] of await compareEngines(load(kerasCase).model)) {
      t.true(apart < 10 * tolerance, `${what} differs by ${apart}`);
    }
  });
}

/** Layers that Keras 3 does not have: Keras 2's, and those that convoy makes of operations or has for networks of its own. */
const notOfKeras = [
  ...[
    'AnchorBoxes',
    'BoxPoints',
    'ChannelPadding',
    'ClassToken',
    'DefaultBoxes',
    'DropPath',
    'FirstToken',
    'PositionEmbedding',
  ],
  'SelfAttention',
  ...['ThresholdedReLU', 'ChannelReversal', 'WithConstant', 'Divide'],
];
test('every class of layer that is read has a case of Keras', (t) => {
  const seen = new Set(cases.flatMap(({ model }) => configurations(model)).map(({ className }) => className));
  const lacking = layerDefinitions()
    .map(({ className }) => className)
    .filter((className) => !seen.has(className) && !notOfKeras.includes(className));
  t.deepEqual(lacking, []);
});

/** Arguments that Keras itself never varies, or that only tfjs and Keras 2 write. */
const fixedArguments = [
  'whole_in_inference',
  'rank',
  'seed',
  'half_pixel_centers',
  'GroupNormalization axis',
  'LayerNormalization axis',
];

test('every argument that changes what a layer computes has two values among the cases of Keras', (t) => {
  const values = new Map<string, Set<string>>();
  for (const { className, config } of cases.flatMap(({ model }) => configurations(model))) {
    for (const [argument, value] of Object.entries(config)) {
      const key = `${className} ${argument}`;
      values.set(key, (values.get(key) ?? new Set()).add(JSON.stringify(value)));
    }
  }
  const lacking = layerDefinitions()
    .filter(({ className }) => !notOfKeras.includes(className))
    .flatMap(({ className, arguments: rules }) =>
      Object.entries(rules)
        .filter(([argument, { passed }]) => passed && !/_initializer$|_constraint$/.test(argument))
        .filter(
          ([argument]) => !fixedArguments.some((name) => name === argument || name === `${className} ${argument}`),
        )
        .map(([argument]) => `${className} ${argument}`),
    )
    .filter((key) => (values.get(key)?.size ?? 0) < 2);
  t.deepEqual(lacking, []);
});

const python = process.env['CONVOY_KERAS_PYTHON'];
(python === undefined ? test.skip : test.serial)(
  'the same for arguments drawn anew (CONVOY_KERAS_PYTHON)',
  async (t) => {
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
  },
);
