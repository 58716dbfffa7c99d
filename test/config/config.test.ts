import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { baseLearningRate, resolveConfig } from '../../src/config/config.js';
import { readConfigFile, readRecipe, recipeNames } from '../../src/config/recipes.js';
import { losses } from '../../src/losses/spec/index.js';

test('without any option the configuration is the embedded shapes and the documented defaults', (t) => {
  const config = resolveConfig({ where: '', input: {} });
  t.like(config, {
    dataset: 'shapes',
    validationSplit: 0,
    model: { name: 'shapes-cnn' },
    loss: { name: 'crossEntropy' },
    optimizer: { name: 'sgd' },
    schedule: { name: 'constant' },
    epochs: 10,
    batchSize: 32,
    accumulate: 1,
    onBadImage: 'fail',
    workers: 'auto',
    engine: 'auto',
    precision: 'float32',
    seed: 0,
  });
  t.is(config.shards, undefined, 'decided by the workers when the run opens');
  t.is(config.normalize, undefined, 'decided by the model');
});

test('a normalize among the transforms is the option of that name, and one for the whole run', (t) => {
  const normalize = { name: 'normalize', mean: [0.5], deviation: [0.25] };
  const config = resolveConfig({ where: '', input: { augment: ['flip', normalize] } });
  t.deepEqual(config.normalize, { mean: [0.5], std: [0.25] });
  t.deepEqual(config.augment, [{ name: 'flip', probability: 0.5 }]);
  const refused = (input: object, message: RegExp): void =>
    void t.throws(() => resolveConfig({ where: '', input }), { message });
  refused({ augment: [normalize], normalize: 'standard' }, /augment excludes normalize beside the option normalize/);
  refused({ base: { name: 'vgg16' }, phases: [{ epochs: 1, augment: [normalize] }] }, /phases\.0\.augment/);
});

test('the learning rate not given is the default of the optimizer in PyTorch', (t) => {
  // torch.optim: SGD, Adam, AdamW 1e-3; RMSprop and Adagrad 1e-2.
  const table = { sgd: 1e-3, adam: 1e-3, adamw: 1e-3, rmsprop: 1e-2, adagrad: 1e-2 } as const;
  for (const [name, rate] of Object.entries(table)) {
    t.is(baseLearningRate(resolveConfig({ where: '', input: { optimizer: { name } } })), rate, name);
  }
  t.is(baseLearningRate(resolveConfig({ where: '', input: { optimizer: { name: 'adam' }, learningRate: 0.5 } })), 0.5);
});

test('stronger layers win key by key; another network, optimizer or schedule replaces the weaker one whole', (t) => {
  const config = resolveConfig(
    {
      where: 'recipe',
      input: {
        epochs: 5,
        seed: 1,
        optimizer: { name: 'sgd', momentum: 0.9 },
        schedule: { name: 'step', stepSize: 30 },
      },
    },
    { where: 'file', input: { epochs: 6, optimizer: { name: 'sgd', nesterov: true }, checkpoint: { everySteps: 10 } } },
    { where: '', input: { epochs: 7, schedule: { name: 'constant' }, checkpoint: { everyMinutes: 5 } } },
  );
  t.is(config.epochs, 7);
  t.is(config.seed, 1);
  t.like(config.optimizer, { name: 'sgd', momentum: 0.9, nesterov: true });
  t.deepEqual(config.schedule, { name: 'constant' });
  t.deepEqual(config.checkpoint, { everySteps: 10, everyMinutes: 5 });
  const replaced = resolveConfig(
    { where: 'recipe', input: { optimizer: { name: 'sgd', momentum: 0.9 } } },
    { where: '', input: { optimizer: { name: 'adam' } } },
  );
  t.deepEqual(replaced.optimizer, { name: 'adam' });
});

test('a flag that was not given leaves the recipe alone', (t) => {
  const config = resolveConfig({ where: 'recipe', input: { epochs: 5 } }, { where: '', input: { epochs: undefined } });
  t.is(config.epochs, 5);
});

test('wrong options are named with what was expected and received', (t) => {
  const table: [input: unknown, message: string | RegExp][] = [
    [{ epoch: 3 }, 'Unknown option "epoch" of config; did you mean epochs?'],
    [{ epochs: 0 }, 'Expected at least 1 for config.epochs but received 0'],
    [{ epochs: '3' }, 'Expected a number for config.epochs but received "3"'],
    [{ epochs: 2.5 }, 'Expected an integer for config.epochs but received 2.5'],
    [{ batchSize: null }, 'Expected a number for config.batchSize but received null'],
    [{ learningRate: 0 }, 'Expected more than 0 for config.learningRate but received 0'],
    [{ validationSplit: 1 }, 'Expected at most 0.9 for config.validationSplit but received 1'],
    [{ workers: 'many' }, 'Expected a number or auto for config.workers but received "many"'],
    [{ engine: 'fast' }, 'Expected one of auto, compiled, eager for config.engine but received "fast"'],
    [
      { loss: { name: 'cross' } },
      `Expected one of ${losses.map(({ name }) => name).join(', ')} for config.loss.name but received "cross"; did you mean crossEntropy?`,
    ],
    [
      { loss: { name: 'crossEntropy', labelSmooth: 0.1 } },
      'Unknown option "labelSmooth" of config.loss crossEntropy; did you mean labelSmoothing? (it takes name, fromLogits, labelSmoothing, classWeights)',
    ],
    [
      { optimizer: { name: 'sgd', momentun: 0.9 } },
      /^Unknown option "momentun" of config\.optimizer sgd; did you mean momentum\? \(it takes name, .*momentum.*\)$/,
    ],
    [{ normalize: { mean: [0.5], std: [0] } }, 'Expected more than 0 for config.normalize.std.0 but received 0'],
    [{ checkpoint: { everySteps: 0 } }, 'Expected at least 1 for config.checkpoint.everySteps but received 0'],
    [
      { checkpoint: { everyStep: 1 } },
      'Unknown option "everyStep" of config.checkpoint; did you mean everySteps? (it takes everySteps, everyMinutes)',
    ],
    [{ earlyStopping: {} }, 'Expected a number for config.earlyStopping.patience but received nothing'],
    [{ model: {} }, 'Expected a text for config.model.name but received nothing'],
    [{ model: 'resnet18' }, 'Expected an object as {"name":"resnet18"} for config.model but received "resnet18"'],
    [
      { augment: [{ name: 'flip', chance: 0.5 }] },
      'Unknown option "chance" of config.augment.0 flip; did you mean probability? (it takes probability)',
    ],
    [[], 'Expected an object of options for config but received []'],
    [null, 'Expected an object of options for config but received null'],
    [{ shards: 64, batchSize: 32 }, 'Expected at most 32 (the batch size) for shards but received 64'],
  ];
  for (const [input, message] of table) {
    const error = t.throws(
      () => resolveConfig({ where: 'config', input }),
      { code: 'CONVOY_OPTION' },
      JSON.stringify(input),
    );
    if (typeof message === 'string') t.is(error?.message, message);
    else t.regex(error?.message ?? '', message);
  }
});

test('options that do not go together are answered with what is needed or left out', (t) => {
  const base = { base: { name: 'resnet18' } };
  const table: [input: unknown, message: string][] = [
    [{ freeze: 'none' }, 'freeze needs a base, as --base resnet50 --weights imagenet'],
    [{ head: '64' }, 'head needs a base, as --base resnet50 --weights imagenet'],
    [{ phases: [{ epochs: 2 }] }, 'phases needs a base, as --base resnet50 --weights imagenet'],
    [{ ...base, epochs: 3, phases: [{ epochs: 2 }] }, 'epochs excludes phases, which have 2 epochs of their own'],
    [
      { ...base, phases: [{ epochs: 2 }], optimizer: { name: 'sgd', ema: {} } },
      'optimizer.ema excludes phases: weights are not averaged over them',
    ],
    [{ ...base, model: { name: 'mlp' } }, 'model excludes base, which is the model that is trained: keep one of them'],
    [
      { augment: [{ name: 'normalize', mean: [0.5], deviation: [0.5] }], normalize: 'unit' },
      'augment excludes normalize beside the option normalize: keep one of them',
    ],
    [
      { optimizer: { name: 'adagrad' }, schedule: { name: 'oneCycle', cycleMomentum: true } },
      'schedule.cycleMomentum needs an optimizer with momentum instead of adagrad: sgd with momentum above 0, adam, adamw, rmsprop with momentum above 0, lamb, lars',
    ],
  ];
  for (const [input, message] of table) {
    const error = t.throws(() => resolveConfig({ where: '', input }), { code: 'CONVOY_OPTION' }, JSON.stringify(input));
    t.is(error?.message, message);
  }
});

test('every recipe resolves, has a line about itself and a target', async (t) => {
  const names = await recipeNames();
  for (const wanted of ['cifar10-cnn', 'fashion-mnist-cnn', 'mnist-cnn', 'shapes']) t.true(names.includes(wanted));
  for (const name of names) {
    const config = resolveConfig({ where: name, input: await readRecipe(name) });
    t.is(config.recipe, name);
    t.true((config.description ?? '').length > 10, name);
    t.true((config.target?.accuracy ?? config.target?.value ?? 0) > 0.2, name);
  }
});

test('recipes of the issue have its networks, optimizers and numbers', async (t) => {
  t.like(resolveConfig({ where: '', input: await readRecipe('cifar10-cnn') }), {
    dataset: 'cifar10',
    model: { name: 'cifar10-cnn' },
    optimizer: { name: 'sgd', momentum: 0.9 },
    learningRate: 0.001,
    batchSize: 32,
    epochs: 10,
    target: { accuracy: 0.58 },
  });
  t.like(resolveConfig({ where: '', input: await readRecipe('fashion-mnist-cnn') }), {
    optimizer: { name: 'adam' },
    epochs: 5,
    target: { accuracy: 0.9 },
  });
  t.like(resolveConfig({ where: '', input: await readRecipe('mnist-cnn') }), {
    optimizer: { name: 'sgd' },
    epochs: 8,
    target: { accuracy: 0.99 },
  });
});

test('configuration files that are none are refused by name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-config-'));
  const file = join(folder, 'my.json');
  const table: [text: string | undefined, message: RegExp][] = [
    [undefined, /^.*my\.json: expected a configuration file \(JSON\) but found no such file$/],
    ['{"epochs": 3', /^.*my\.json: expected a configuration file \(JSON\) but found .*JSON/],
    ['', /^.*my\.json: expected a configuration file \(JSON\) but found .*JSON/],
    ['[]', /^.*my\.json: expected a JSON object of options but found an array$/],
    ['null', /^.*my\.json: expected a JSON object of options but found null$/],
    ['3', /^.*my\.json: expected a JSON object of options but found 3$/],
  ];
  for (const [text, message] of table) {
    if (text !== undefined) await writeFile(file, text);
    await t.throwsAsync(readConfigFile(file), { code: 'CONVOY_OPTION', message });
  }
  await t.throwsAsync(readConfigFile(folder), {
    code: 'CONVOY_OPTION',
    message: /expected a configuration file \(JSON\) but found EISDIR/,
  });
  await writeFile(file, '{"epochs": 3, "batchSize": 16}');
  t.deepEqual(await readConfigFile(file), { epochs: 3, batchSize: 16 });
  await rm(folder, { recursive: true });
});

test('an unknown recipe is answered with those that were meant, or with where all are listed', async (t) => {
  const names = (await readdir(new URL('../../../recipes/', import.meta.url)))
    .map((name) => name.replace('.json', ''))
    .sort();
  await t.throwsAsync(readRecipe('cifar'), {
    code: 'CONVOY_OPTION',
    message: `Expected the name of a recipe for --recipe but received "cifar"; did you mean cifar10-augmented, cifar10-cnn or cifar10-fast? (convoy recipes lists all ${names.length})`,
  });
  await t.throwsAsync(readRecipe('speech'), {
    code: 'CONVOY_OPTION',
    message: `Expected the name of a recipe for --recipe but received "speech" (convoy recipes lists all ${names.length})`,
  });
});

test('one output takes the loss of a binary problem, unless another is given', (t) => {
  const loss = (...inputs: readonly unknown[]) =>
    resolveConfig(...inputs.map((input) => ({ where: '', input }))).loss.name;
  t.is(loss({ outputs: 1 }), 'binaryCrossEntropy');
  t.is(loss({ loss: { name: 'focal' } }, { outputs: 1 }), 'focal');
  t.is(loss({}), 'crossEntropy');
  const error = t.throws(() => loss({ outputs: 2 }), { instanceOf: ConvoyError });
  t.is(error?.message, 'Expected 1 for outputs but received 2');
});

for (const text of [
  '{"__proto__":{"epochs":3}}',
  '{"optimizer":{"name":"adam","__proto__":{"learningRate":1}}}',
  '{"model":{"name":"custom","layers":[{"type":"dense","units":"classes","__proto__":{"activation":"relu"}}]}}',
  '{"phases":[{"epochs":1,"__proto__":{"freeze":"none"}}]}',
]) {
  test(`a key of JSON that names a prototype is refused as unknown: ${text}`, (t) => {
    const error = t.throws(() => resolveConfig({ where: 'c', input: JSON.parse(text) }), { code: 'CONVOY_OPTION' });
    t.regex(error.message, /^Unknown option "__proto__" of c/);
  });
}

test("a recipe's target is left behind by another dataset, network or choice of classes, and by nothing else", (t) => {
  const recipe = { dataset: 'mnist', model: { name: 'lenet5' }, target: { accuracy: 0.9 } };
  const target = (stronger: object) =>
    resolveConfig({ where: 'recipe', input: recipe }, { where: '', input: stronger }).target?.accuracy;
  const others = [
    { dataset: 'cifar10' },
    { model: { name: 'mlp' } },
    { base: { name: 'resnet50' } },
    { classes: ['3', '8'] },
  ];
  for (const other of others) t.is(target(other), undefined, JSON.stringify(other));
  const same = [
    {},
    { dataset: 'mnist' },
    { model: { name: 'lenet5' } },
    { epochs: 3, classes: undefined },
    { learningRate: 0.1 },
  ];
  for (const one of same) t.is(target(one), 0.9, JSON.stringify(one));
  t.is(target({ dataset: 'cifar10', target: { accuracy: 0.4 } }), 0.4);
});
