/**
 * `node dist/bench/pool-steps.js [starts]`: starts a process that many times (default 100), each with a gradient pool of
 * four workers that takes one step over four shards. Failure: a process that crashes, or weights that differ.
 */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from '../src/config.js';
import { epochOrder } from '../src/data/index.js';
import { slotNames } from '../src/memory/index.js';
import { loadNative } from '../src/native/index.js';
import { openRuntime } from '../src/runtime.js';
import { tinyDatasets, tinyModel } from '../test/support/tiny.js';

const workers = 4;
const script = fileURLToPath(import.meta.url);

/** One step of a new pool; prints the sum of the new weights. */
async function stepOnce(): Promise<void> {
  await loadNative(); // the model is made on its backend
  const config = resolveConfig({
    where: 'bench',
    input: { dataset: 'tiny', model: { name: 'tiny' }, workers, shards: workers, batchSize: 16, learningRate: 0.1 },
  });
  const runtime = await openRuntime({ config, datasets: tinyDatasets(), model: tinyModel() });
  try {
    const { stage, coordinator, trainSlots, arena, layout, datasets } = runtime;
    const slot = trainSlots[0] as number;
    const order = epochOrder(config.seed, 0, datasets.train.count);
    stage.begin(0, order, 0);
    await stage.fill({ epoch: 0, position: 0, samples: order.subarray(0, config.batchSize), slot });
    const plan = { batch: 0, step: 0, learningRate: 0.1, accumulated: 0, update: true };
    await coordinator.step({ slot, count: config.batchSize }, plan);
    const weights = arena.float32(arena.slot(slotNames.weights), 0, layout.trainableLength);
    console.log(weights.reduce((sum, value) => sum + value, 0));
  } finally {
    await runtime.close();
  }
}

function startMany(starts: number): void {
  let failures = 0;
  const sums = new Set<string>();
  const began = performance.now();
  for (let start = 1; start <= starts; start++) {
    const child = spawnSync(process.execPath, [script, '--once'], { encoding: 'utf8' });
    if (child.status === 0) {
      sums.add(child.stdout.trim());
      continue;
    }
    failures++;
    console.log(`start ${start}: ${child.signal ?? `exit code ${child.status}`}\n${child.stderr.slice(-2000)}`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const where = `Node ${process.versions.node}, ${os.cpus()[0]?.model}, ${os.availableParallelism()} cores`;
  const same = sums.size === 1 ? 'equal weights' : `DIFFERENT weights: ${[...sums].join(', ')}`;
  console.log(`${starts} starts of a pool of ${workers} with one step each: ${failures} failed, ${same}, ${seconds} s; ${where}`);
  process.exitCode = failures === 0 && sums.size === 1 ? 0 : 1;
}

const argument = process.argv[2] ?? '100';
if (argument === '--once') {
  await stepOnce();
} else if (Number.isInteger(Number(argument)) && Number(argument) > 0) {
  startMany(Number(argument));
} else {
  console.error(`Expected a number of starts but received "${argument}"`);
  process.exitCode = 2;
}
