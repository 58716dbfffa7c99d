import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { commands } from '../../src/cli/commands/index.js';
import { jsonSchemas } from '../../src/cli/records/index.js';
import { inProcess, writeImages } from '../support/convoy.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const schemas = join(root, 'schemas');
let folder: string;
let run: string;
let images: string;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-schemas-'));
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
  [run, images] = [join(folder, 'run'), join(folder, 'images')];
  await writeImages(images, 24, 8);
});
test.after.always(() => rm(folder, { recursive: true }));

/** The same, but that every key must be described. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  const { properties } = copy;
  const described = typeof properties === 'object' && properties !== null && Object.keys(properties).length > 0;
  return described && 'type' in copy && copy['type'] === 'object' ? { ...copy, additionalProperties: false } : copy;
}

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
ajv.addFormat('date', /^\d{4}-\d{2}-\d{2}$/);

async function schemaOf(
  name: string,
): Promise<{ readonly anyOf: readonly { properties: { type: { const: string } } }[] }> {
  return JSON.parse(await readFile(join(schemas, `${name}.json`), 'utf8'));
}

/** What is wrong with the lines of a command's output, and the types of its records. */
async function check(name: string, stdout: string): Promise<{ readonly wrong: string[]; readonly types: Set<string> }> {
  const { anyOf } = await schemaOf(name);
  const wrong: string[] = [];
  const types = new Set<string>();
  for (const line of stdout.trim().split('\n')) {
    const value = JSON.parse(line) as { readonly type: string };
    types.add(value.type);
    const forms = anyOf.filter(({ properties }) => properties.type.const === value.type);
    const errors = forms.map((form) => (ajv.validate(strict(form) as object, value) ? '' : ajv.errorsText()));
    if (!errors.includes('')) wrong.push(`${line.slice(0, 300)}: ${errors.join(' or ') || 'no such type'}`);
  }
  return { wrong, types };
}

test('schemas/ is what the definitions say (npm run schemas), and is valid', async (t) => {
  const expected = jsonSchemas();
  t.deepEqual(
    (await readdir(schemas)).sort(),
    Object.keys(expected)
      .map((name) => `${name}.json`)
      .sort(),
  );
  for (const [name, schema] of Object.entries(expected)) {
    t.deepEqual(JSON.parse(await readFile(join(schemas, `${name}.json`), 'utf8')), schema, name);
    t.true(ajv.validateSchema(schema), name);
  }
});

test('every command has a schema', (t) => {
  const names = commands.flatMap(({ name, commands: below = [] }) =>
    below.length === 0 ? [name] : below.map((one) => `${name}-${one.name}`),
  );
  t.deepEqual([...names, 'bench-result'].sort(), Object.keys(jsonSchemas()).sort());
});

test('results of benchmarks are as their schema says', async (t) => {
  const schema = strict(await schemaOf('bench-result')) as { properties: { charts: { items: object } } };
  // A chart's options are those of its kind.
  delete (schema.properties.charts.items as { additionalProperties?: unknown }).additionalProperties;
  for (const file of await readdir(join(root, 'bench/results'))) {
    const valid = ajv.validate(schema, JSON.parse(await readFile(join(root, 'bench/results', file), 'utf8')));
    t.true(valid, `${file}: ${ajv.errorsText()}`);
  }
});

/** Command lines, and the types of records that they must give; in order, since the first makes the run. */
const lines: readonly (readonly [name: string, args: () => readonly string[], types: readonly string[]])[] = [
  [
    'train',
    () => [
      ...['train', '--dataset', images, '--model', 'mlp', '--epochs', '1', '--workers', '1'],
      ...['--batch-size', '16', '--out', run],
    ],
    ['start', 'epoch', 'summary'],
  ],
  ['evaluate', () => ['evaluate', run], ['evaluation']],
  [
    'predict',
    () => ['predict', run, join(images, 'test/dark/000.png'), join(images, 'none.png')],
    ['prediction', 'error'],
  ],
  ['export', () => ['export', run, '--format', 'tfjs-layers', '--check'], ['export']],
  ['plot', () => ['plot', run], ['picture']],
  ['data-list', () => ['data', 'list', '--data-dir', folder], ['dataset']],
  ['data-info', () => ['data', 'info', images], ['dataset']],
  ['data-info', () => ['data', 'info', 'mnist', '--data-dir', folder], ['dataset']],
  ['data-convert', () => ['data', 'convert', images, '--out', join(folder, 'records')], ['converted']],
  ['data-pack', () => ['data', 'pack', images, '--out', join(folder, 'images.pack')], ['packed']],
  ['show', () => ['show', images, '--out', join(folder, 'show.png'), '--check'], ['picture', 'check']],
  ['augment', () => ['augment', images, '--augment', 'flip', '--out', join(folder, 'augment.png')], ['augment']],
  ['model', () => ['model', 'shapes-cnn'], ['model']],
  ['model', () => ['model'], ['network']],
  ['recipes', () => ['recipes'], ['recipe']],
  ['train', () => ['train', '--epochs', '0'], ['error']],
];
/** These train for a minute or so: `CONVOY_TEST_SCHEMAS=1` runs them too. */
const longLines: typeof lines = [
  [
    'lr-find',
    () => ['lr-find', '--dataset', images, '--model', 'mlp', '--steps', '10', '--out', join(folder, 'lr')],
    ['step', 'learningRate'],
  ],
  [
    'train',
    () => [
      ...['train', '--dataset', images, '--model', 'cifar-resnet20', '--epochs', '1', '--workers', '1'],
      ...['--batch-size', '8', '--out', join(folder, 'convolutions')],
    ],
    ['summary'],
  ],
  [
    'anomaly-fit',
    () => [
      ...['anomaly', 'fit', join(folder, 'convolutions'), images, '--normal', 'dark'],
      ...['--channels', '8', '--out', join(folder, 'dark.safetensors')],
    ],
    ['anomaly-model'],
  ],
  [
    'anomaly-fit',
    () => ['anomaly', 'fit', join(folder, 'convolutions'), images, '--all-classes', '--channels', '8'],
    ['one-class', 'one-class-mean'],
  ],
  [
    'anomaly-score',
    () => [
      ...['anomaly', 'score', join(folder, 'dark.safetensors'), join(images, 'test/light/000.png')],
      ...[join(images, 'none.png'), '--out', join(folder, 'maps')],
    ],
    ['anomaly', 'error'],
  ],
  ['anomaly-evaluate', () => ['anomaly', 'evaluate', join(folder, 'dark.safetensors'), images], ['anomaly-evaluation']],
  ['report', () => ['report', run, '--out', join(folder, 'report.html')], ['report']],
  ['tune', () => ['tune', '--dataset', images, '--model', 'mlp', '--seconds', '5'], ['tried', 'tuned']],
  ['verify', () => ['verify', '--steps', '2', '--workers', '2'], ['check']],
  ['visualize', () => ['visualize', run, '--kind', 'pca', '--out', join(folder, 'pca.png')], ['picture']],
];

const all = process.env['CONVOY_TEST_SCHEMAS'] === undefined ? lines : [...lines, ...longLines];
for (const [place, [name, args, types]] of all.entries()) {
  test.serial(`line ${place}, the output of ${name} is as its schema says: ${types.join(', ')}`, async (t) => {
    const { stdout, stderr } = await inProcess([...args(), '--json']);
    t.not(stdout, '', stderr);
    const found = await check(name, stdout);
    t.deepEqual(found.wrong, []);
    for (const type of types) t.true(found.types.has(type), `${type} is not among ${[...found.types].join(', ')}`);
  });
}

test('a record with another type, without a key or with one more is told', async (t) => {
  const good = { type: 'prediction', file: 'a.png', top: [{ class: 'cat', share: 0.5 }] };
  for (const [record, holds] of [
    [good, true],
    [{ ...good, type: 'guess' }, false],
    [{ ...good, more: 1 }, false],
    [{ type: 'prediction', top: [] }, false],
    [{ ...good, top: [{ class: 'cat', share: 50 }] }, false],
  ] as const) {
    const { wrong } = await check('predict', JSON.stringify(record));
    t.is(wrong.length === 0, holds, JSON.stringify(record));
  }
});
