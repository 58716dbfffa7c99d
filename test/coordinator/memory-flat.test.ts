import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { writeWeights } from '../../src/coordinator/run-memory.js';
import { compiledGraph, createEngine, type EngineSource, memoryIsShared } from '../../src/engine/index.js';
import { initialWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { engineRun, setBatch, shardTask, stepSpec } from '../support/engine-run.js';
import { tinyModel } from '../support/tiny.js';

test.serial('two starts of a pool of four workers, each with one step, end well and with equal weights', (t) => {
  const script = fileURLToPath(new URL('../../bench/checks/pool-starts.js', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [script, '2'], { encoding: 'utf8' });
  t.is(status, 0, stdout);
  t.regex(stdout, /^2 starts of a pool of 4 with one step each: 0 failed, equal weights/m);
});

/** Images of a batch. */
const capacity = 128;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

for (const kind of ['compiled', 'eager'] as const) {
  test.serial(`${kind}: 350 steps leave no tensor behind, and after the first 100 memory is flat`, async (t) => {
    const native = await loadNative();
    const folder = await mkdtemp(join(tmpdir(), 'convoy-flat-'));
    const model = tinyModel();
    const run = engineRun(model, stepSpec(model), { capacity, slots: 2, shards: 2 });
    writeWeights(run.arena, run.layout, initialWeights(model, 0));
    for (const slot of [0, 1])
      setBatch(
        run,
        slot,
        new Uint8Array(capacity * 64).fill(100),
        Array.from({ length: capacity }, (_, i) => i % 3),
      );
    const source: EngineSource =
      kind === 'eager'
        ? { kind, topology: JSON.stringify(model.toJSON(undefined, false)) }
        : {
            kind,
            graph: await compiledGraph(model, run.spec, {
              folder,
              tensorflowVersion: native.tensorflowVersion,
              writesInPlace: memoryIsShared(native),
            }),
          };
    const engine = await createEngine({ native, seed: 0, ...run }, source);
    let tensors = 0;
    let resident = 0;
    for (let step = 0; step < 350; step++) {
      // When V8 collects is its own affair: since Node 24 it lets the tape's garbage grow for thousands of steps.
      if (step % 20 === 19) collectGarbage();
      // Both slots, both shards, and now and then a last, smaller batch: every kind of task a run has.
      const count = step % 10 === 9 ? 5 : capacity;
      engine.gradients(shardTask(count, { step, slot: step % 2, shard: step % 2, begin: 0 }));
      if (step === 99) {
        tensors = native.tensorCount();
        resident = process.memoryUsage.rss();
      }
    }
    t.is(native.tensorCount(), tensors);
    // A step that kept its input (128 images of 64 floats, 32 KB) would add 7 MB in 250 steps, one that kept its
    // activations (4 channels of 6x6, four times: 288 KB) 66 MB; V8 and the allocator move by some MB themselves.
    const grown = (process.memoryUsage.rss() - resident) / 2 ** 20;
    t.true(grown < 32, `resident memory grew by ${grown.toFixed(1)} MiB`);
    engine.dispose();
    model.dispose();
    await rm(folder, { recursive: true });
  });
}
