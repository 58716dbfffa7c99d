/**
 * One-class experiments as Deep SVDD's (Ruff et al. 2018): each class of a dataset normal in turn, all others anomalous, and the mean
 * area under the ROC curve over the ten classes. Their means: 64.8% on CIFAR-10, 94.8% on MNIST. The features are those of
 * ResNet-20 with the published CIFAR-10 weights (test/fixtures/parity/torch-resnet20-cifar10), or of a run.
 *
 *     CONVOY_DATA=FOLDER node dist/bench/checks/anomaly.js [--dataset cifar10,fashion-mnist,mnist] [--method padim]
 *         [--run FOLDER] [--random] [--train N] [--test N] [--normal CLASS,...]
 *
 * What the features know decides what the figures mean:
 * - CIFAR-10 on the published weights is supervised: the labels of anomalies and of the normal class trained them.
 * - MNIST and Fashion-MNIST on these weights are features of another dataset: they have seen no image of the test.
 * - `--run` takes the features of any run. One that was trained on the other nine classes (`convoy train --dataset cifar10 --classes
 *   ...`) has seen no image of the tenth: `--normal` takes that one alone.
 * - `--random` takes untrained weights: no labels at all, the lower bound.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { evaluateClasses, fitAnomalyModel, samplesOfClass } from '../../src/anomaly/index.js';
import { anomalyMethods } from '../../src/contracts/index.js';
import { openDataset } from '../../src/data/index.js';
import { createModel, initialWeights, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { openRun } from '../../src/training/index.js';
import { mapWeights, readWeightsFile } from '../../src/weights/index.js';

const { values: flags } = parseArgs({
  options: {
    dataset: { type: 'string', default: 'cifar10,fashion-mnist,mnist' },
    method: { type: 'string', default: 'padim' },
    run: { type: 'string' },
    random: { type: 'boolean', default: false },
    train: { type: 'string' },
    test: { type: 'string' },
    normal: { type: 'string' },
  },
});
const published: Readonly<Record<string, number>> = { cifar10: 0.648, mnist: 0.948 };
const method = anomalyMethods.find((name) => name === flags.method);
const limit = flags.train === undefined ? undefined : Number(flags.train);

await loadNative();
const { model, record } = await (flags.run === undefined ? publishedResNet(flags.random) : openRun(flags.run));
const features = flags.run ?? (flags.random ? 'ResNet-20, untrained' : 'ResNet-20 trained with the labels of CIFAR-10');

for (const name of flags.dataset.split(',')) {
  const testLimit = flags.test === undefined ? {} : { testLimit: Number(flags.test) };
  const { train, test } = await openDataset({ name, seed: 0, download: false, ...testLimit });
  console.log(`${name}, ${flags.method} on the features of ${features}`);
  let sum = 0;
  const classes = flags.normal?.split(',') ?? test.classes;
  for (const normal of classes) {
    const start = performance.now();
    const samples = samplesOfClass(train, normal).subarray(0, limit);
    const fitted = await fitAnomalyModel({ model, record }, train, { method, samples });
    const { imageAuroc } = await evaluateClasses(fitted, test, normal);
    sum += imageAuroc;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `  ${normal.padEnd(14)} ${(100 * imageAuroc).toFixed(2)}  (${samples.length} normal images, ${seconds} s)`,
    );
  }
  const mean = sum / classes.length;
  const known = published[name];
  const beside = known === undefined ? '' : `, Deep SVDD ${(100 * known).toFixed(1)}`;
  console.log(`  mean of ${classes.length} ${(100 * mean).toFixed(2)}${beside}`);
  const whole = limit === undefined && flags.test === undefined && flags.normal === undefined;
  if (known !== undefined && whole && mean < known) {
    console.error(`expected at least ${(100 * known).toFixed(1)}`);
    process.exitCode = 1;
  }
}

async function publishedResNet(untrained: boolean) {
  const shape = { height: 32, width: 32, channels: 3 };
  const own = createModel('cifar-resnet20', { ...shape, classes: 10 });
  const folder = new URL('../../../test/fixtures/parity/torch-resnet20-cifar10/', import.meta.url);
  const file = new URL('resnet20.safetensors', folder).pathname;
  setWeights(own, untrained ? initialWeights(own, 1) : mapWeights(own, await readWeightsFile(file)));
  const { mean, std } = (
    JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as {
      readonly normalize: { readonly mean: readonly number[]; readonly std: readonly number[] };
    }
  ).normalize;
  const scale = std.map((deviation) => 1 / 255 / deviation);
  const offset = mean.map((value, channel) => -value / (std[channel] as number));
  return { model: own, record: { image: shape, preprocess: { scale, offset }, targets: 'classes' } };
}
