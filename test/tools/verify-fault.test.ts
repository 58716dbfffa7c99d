/** A gradient that is wrong by 1% in one op makes verify fail; without the fault it passes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { convolutionGradients } from '../../src/graph/gradients/convolution.js';
import { poolingGradients } from '../../src/graph/gradients/pooling.js';
import type { GradientTable } from '../../src/graph/gradients/registry.js';
import { scale } from '../../src/ops/index.js';
import { tinyDatasets } from '../support/tiny.js';

/** The op whose gradient is 1% too large. */
let faulty: string | undefined;

function plant(table: GradientTable): void {
  for (const [op, rule] of Object.entries(table)) {
    const planted: GradientTable[string] = (graph, node, ...rest) => {
      const results = rule(graph, node, ...rest);
      return faulty !== undefined && op.endsWith(faulty)
        ? results.map((result) => result && scale(graph, result, 1.01))
        : results;
    };
    (table as Record<string, typeof planted>)[op] = planted;
  }
}
for (const table of [convolutionGradients, poolingGradients]) plant(table);

// Only now: the differentiation copies the tables when it is loaded.
const { resolveConfig } = await import('../../src/config/index.js');
const { verify } = await import('../../src/tools/index.js');

const layers = [
  { type: 'conv2d', filters: 4, kernelSize: 3, activation: 'relu' },
  { type: 'maxPooling2d', poolSize: 2 },
  { type: 'conv2d', filters: 4, kernelSize: 3, padding: 'same', useBias: false },
  { type: 'batchNormalization' },
  { type: 'reLU' },
  { type: 'flatten' },
  { type: 'dense', units: 'classes' },
];
const config = resolveConfig({
  where: 'test',
  input: { dataset: 'tiny', model: { name: 'custom', layers }, batchSize: 16, shards: 2, workers: 2, epochs: 1 },
});

for (const op of [undefined, 'Conv2D', 'MaxPool']) {
  test.serial(
    op === undefined ? 'a sound machine passes' : `a gradient of ${op} that is 1% too large fails`,
    async (t) => {
      const cache = await mkdtemp(join(tmpdir(), 'convoy-fault-'));
      t.teardown(() => rm(cache, { recursive: true, force: true }));
      process.env['CONVOY_CACHE'] = cache; // a graph with a fault must not be found again
      faulty = op;
      const checks = await verify({ config, steps: 2, datasets: tinyDatasets() });
      const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name);
      t.deepEqual(failed, op === undefined ? [] : ["compiled engine against tfjs's eager one"], JSON.stringify(checks));
    },
  );
}
