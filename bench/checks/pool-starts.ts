/**
 * `node dist/bench/checks/pool-starts.js [starts]`: starts a process that many times (default 100), each with a gradient pool
 * of four workers that takes one step over four shards, with the compiled and the eager engine in turn. Failure: a
 * process that crashes, or an engine whose weights differ. Before the addon's attribute names were filled in by the main
 * thread, 9 of 50 such starts ended with SIGSEGV.
 */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from '../../src/config/index.js';
import { epochOrder } from '../../src/data/index.js';
import { slotNames } from '../../src/memory/index.js';
import { loadNative, processorModel } from '../../src/native/index.js';
import { openRuntime } from '../../src/runtime/index.js';
import { tinyDatasets, tinyModel } from '../../test/support/tiny.js';

const workers = 4;
const engines = ['compiled', 'eager'] as const;
type EngineName = (typeof engines)[number];
const script = fileURLToPath(import.meta.url);

/** One step of a new pool; prints the sum of the new weights. */
async function stepOnce(engine: EngineName): Promise<void> {
  await loadNative(); // the model is made on its backend
  const config = resolveConfig({
    where: 'bench',
    input: {
      dataset: 'tiny',
      model: { name: 'tiny' },
      engine,
      workers,
      shards: workers,
      batchSize: 16,
      learningRate: 0.1,
    },
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
  for (let start = 0; start < starts; start++) {
    const engine = engines[start % engines.length] as EngineName;
    const child = spawnSync(process.execPath, [script, engine], { encoding: 'utf8' });
    if (child.status === 0) {
      sums.add(`${engine} ${child.stdout.trim()}`);
      continue;
    }
    failures++;
    console.log(`start ${start + 1}: ${child.signal ?? `exit code ${child.status}`}\n${child.stderr.slice(-2000)}`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const where = `Node ${process.versions.node}, ${processorModel()}, ${os.availableParallelism()} cores`;
  const same = sums.size <= engines.length;
  const weights = same ? 'equal weights' : `DIFFERENT weights: ${[...sums].join(', ')}`;
  console.log(
    `${starts} starts of a pool of ${workers} with one step each: ${failures} failed, ${weights}, ${seconds} s; ${where}`,
  );
  process.exitCode = failures === 0 && same ? 0 : 1;
}

const argument = process.argv[2] ?? '100';
const once = engines.find((engine) => engine === argument);
if (once !== undefined) {
  await stepOnce(once);
} else if (Number.isInteger(Number(argument)) && Number(argument) > 0) {
  startMany(Number(argument));
} else {
  console.error(`Expected a number of starts but received "${argument}"`);
  process.exitCode = 2;
}
