/** A gradient that is wrong by 1% in one op, whichever it is, makes the comparison of `verify` fail. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { activationGradients } from '../../src/graph/gradients/activation.js';
import { arithmeticGradients } from '../../src/graph/gradients/arithmetic.js';
import { convolutionGradients } from '../../src/graph/gradients/convolution.js';
import { lossGradients } from '../../src/graph/gradients/loss.js';
import { matrixGradients } from '../../src/graph/gradients/matrix.js';
import { normalizationGradients } from '../../src/graph/gradients/normalization.js';
import { poolingGradients } from '../../src/graph/gradients/pooling.js';
import { reductionGradients } from '../../src/graph/gradients/reduction.js';
import type { GradientTable } from '../../src/graph/gradients/registry.js';
import { GraphBuilder, scale } from '../../src/ops/index.js';

/** The op whose gradient is 1% too large. */
let faulty: string | undefined;
/** Ops whose gradients were asked for. */
const differentiated = new Set<string>();

type Rule = GradientTable[string];

function planted(op: string, rule: Rule): Rule {
  return (graph, node, ...rest) => {
    differentiated.add(op);
    const results = rule(graph, node, ...rest);
    return op === faulty ? results.map((result) => result && scale(graph, result, 1.01)) : results;
  };
}
for (const table of [
  ...[activationGradients, arithmeticGradients, convolutionGradients, lossGradients],
  ...[matrixGradients, normalizationGradients, poolingGradients, reductionGradients],
]) {
  const rules = table as Record<string, Rule>;
  for (const [op, rule] of Object.entries(rules)) rules[op] = planted(op, rule);
}
const { differentiate } = GraphBuilder.prototype;
GraphBuilder.prototype.differentiate = function (node, { inputs, rule }) {
  differentiate.call(this, node, { inputs, rule: planted(node.op, rule) });
};

// Only now: the differentiation copies the tables when it is loaded.
const { resolveConfig } = await import('../../src/config/index.js');
const { EagerEngine, stepKey } = await import('../../src/engine/index.js');
const { createModel, initialWeights, loadArchitecture, modelParameters } = await import('../../src/models/index.js');
const { loadNative } = await import('../../src/native/index.js');
const { verify } = await import('../../src/tools/index.js');
const { compareGradients } = await import('../../src/tools/compare-gradients.js');
const { engineRun, readGradients, setBatch, setWeights, shardTask, stepSpec } = await import(
  '../support/engine-run.js'
);
const { compileHere, GraphRun } = await import('../support/graph-run.js');
const { noise } = await import('../support/made-up-weights.js');
const { tinyDatasets } = await import('../support/tiny.js');

const native = await loadNative();
const image = { height: 8, width: 8, channels: 3, classes: 5 };
const count = 4;
const pixels = Uint8Array.from(noise('pixels', count * 8 * 8 * 3, 255, 127.5));

const conv = { type: 'conv2d', filters: 4, kernelSize: 3 };
const networks = {
  plain: createModel('custom', {
    ...image,
    layers: [
      { ...conv, activation: 'relu' },
      { type: 'maxPooling2d', poolSize: 2 },
      { ...conv, padding: 'same', activation: 'relu' },
      { type: 'maxPooling2d', poolSize: 2, strides: 1 },
      { type: 'flatten' },
      { type: 'dense', units: 8, activation: 'relu' },
      { type: 'dense', units: 'classes' },
    ],
  }),
  residual: createModel('custom', {
    ...image,
    layers: [
      { ...conv, padding: 'same', useBias: false },
      { type: 'batchNormalization' },
      { type: 'reLU', name: 'shortcut' },
      { ...conv, padding: 'same', useBias: false },
      { type: 'batchNormalization', name: 'branch' },
      { type: 'add', inputs: ['shortcut', 'branch'] },
      { type: 'reLU' },
      { type: 'flatten' },
      { type: 'dense', units: 'classes' },
    ],
  }),
  swish: createModel('custom', {
    ...image,
    layers: [
      { ...conv, useBias: false },
      { type: 'batchNormalization' },
      { type: 'activation', activation: 'swish' },
      { type: 'globalAveragePooling2d' },
      { type: 'dense', units: 'classes' },
    ],
  }),
  transformer: createModel('vit-tiny', { ...image, depth: 1, features: 24 }),
};

/** Gradients of tfjs by network and weights: no fault is in them. */
const sound = new Map<string, ReturnType<typeof readGradients>>();

/** What verify compares, by engines of this thread: gradients of the fused graph and of the plain one with tfjs's. */
function compare(name: keyof typeof networks): ReturnType<typeof compareGradients> {
  const network = JSON.parse(String(networks[name].toJSON()));
  const values = initialWeights(networks[name], 1);
  return compareGradients({
    network,
    weights: modelParameters(networks[name]).map(({ spec }, index) => ({
      spec,
      values: values[index] as Float32Array,
    })),
    bound: 1e-4,
    thorough: true,
    forms: ['fused', 'plain'],
    async gradient(json, weights, form) {
      const hash = createHash('sha256').update(JSON.stringify(json));
      for (const values of weights.values()) hash.update(values);
      const key = hash.digest('hex');
      const known = form === undefined ? sound.get(key) : undefined;
      if (known !== undefined) return known;
      const model = loadArchitecture(structuredClone(json), name);
      const spec = stepSpec(model);
      const run = engineRun(model, spec, { capacity: count });
      setWeights(run, weights);
      setBatch(run, 0, pixels, [0, 1, 2, 3]);
      if (form === undefined) {
        const eager = new EagerEngine({ native, seed: 0, ...run }, model);
        eager.gradients(shardTask(count));
        eager.dispose();
        const gradients = readGradients(run);
        sound.set(key, gradients);
        return gradients;
      }
      const compiled = compileHere(native, model, spec, form === 'plain' ? { kernels: [] } : {});
      const step = await GraphRun.open(native, run, compiled, stepKey(0, 0, 0));
      step.train(shardTask(count));
      step.graph.dispose();
      model.dispose();
      return readGradients(run);
    },
  });
}

/** Ops of each network that lead to its weights, by what a person calls them. */
const ops: readonly (readonly [keyof typeof networks, string, readonly string[]])[] = [
  ['plain', 'convolution', ['Conv2D']],
  ['plain', 'maximum pooling', ['MaxPool', 'ConvoyMaxPool']],
  ['plain', 'ReLU', ['Relu']],
  ['plain', 'dense', ['MatMul']],
  ['plain', 'bias', ['BiasAdd']],
  ['plain', 'softmax cross entropy', ['SparseSoftmaxCrossEntropyWithLogits']],
  ['residual', 'batch normalization', ['ConvoyBatchNorm', 'FusedBatchNormV3']],
  ['residual', 'addition', ['AddV2']],
  ['residual', 'ReLU behind an addition', ['Relu']],
  ['swish', 'swish', ['Sigmoid']],
  ['transformer', 'layer normalization', ['Rsqrt', 'Square']],
  ['transformer', 'attention', ['Softmax', 'BatchMatMulV2']],
  ['transformer', 'GELU', ['Erf']],
];

for (const name of ['plain', 'residual', 'swish', 'transformer'] as const) {
  test.serial(`a sound machine passes: ${name}`, async (t) => {
    faulty = undefined;
    const { passed, detail } = await compare(name);
    t.true(passed, detail);
  });
}

for (const [name, title, kinds] of ops) {
  for (const op of kinds) {
    test.serial(`a gradient of ${title} that is 1% too large fails: ${op}`, async (t) => {
      t.true(differentiated.has(op) || native.kernels.ops.length === 0, `no ${op} was differentiated`);
      faulty = op;
      const { passed, detail } = await compare(name);
      t.is(passed, native.kernels.ops.length === 0 && op.startsWith('Convoy'), detail);
    });
  }
}

test.serial('verify names the check that a fault in an op makes fail', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'convoy-fault-'));
  t.teardown(() => rm(cache, { recursive: true, force: true }));
  process.env['CONVOY_CACHE'] = cache; // a graph with a fault must not be found again
  faulty = 'Tanh';
  const layers = [
    { type: 'flatten' },
    { type: 'dense', units: 8, activation: 'tanh' },
    { type: 'dense', units: 'classes' },
  ];
  const config = resolveConfig({
    where: 'test',
    input: { dataset: 'tiny', model: { name: 'custom', layers }, batchSize: 16, shards: 2, workers: 1, epochs: 1 },
  });
  const checks = await verify({ config, steps: 2, datasets: tinyDatasets() });
  const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name);
  t.deepEqual(failed, ["compiled engine against tfjs's eager one"], JSON.stringify(checks));
});
