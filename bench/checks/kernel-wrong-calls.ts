/**
 * `node dist/bench/checks/kernel-wrong-calls.js [calls [seed]]`: that many random calls of our ops (default 10,000) with wrong
 * ranks, sizes, windows and paddings, through TensorFlow, for each instruction set that this machine has. Failure: a process
 * that crashes, a call that is not refused, an error that does not name the op.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RandomStream } from '../../src/base/random.js';
import { loadNative } from '../../src/native/index.js';
import { runCall } from '../../test/native/run-call.js';
import { wrongCall } from '../../test/native/wrong-calls.js';

const [calls = '10000', seed = '0', child] = process.argv.slice(2);

/** Makes all calls with the kernels of this process; prints how many each op refused. */
async function makeCalls(): Promise<void> {
  const native = await loadNative();
  const stream = new RandomStream(Number(seed), 'test', 2);
  const refused = new Map<string, number>();
  for (let n = 0; n < Number(calls); n++) {
    const call = wrongCall(stream);
    try {
      runCall(native, call);
    } catch (error) {
      if (!String(error).includes(call.op)) throw error;
      refused.set(call.op, (refused.get(call.op) ?? 0) + 1);
      continue;
    }
    throw new Error(`call ${n}: expected ${call.op} to refuse ${call.wrong} but it ran`);
  }
  const total = [...refused.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${native.kernels.instructions}: ${total} of ${calls} calls of ${refused.size} ops refused`);
}

if (child !== undefined) {
  await makeCalls();
} else {
  const { kernels } = await loadNative();
  if (kernels.sets.length === 0) throw new Error('Expected kernels but found none; run `npm run native`');
  for (const set of kernels.sets) {
    const { status, signal } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), calls, seed, set], {
      env: { ...process.env, CONVOY_KERNELS: set },
      stdio: 'inherit',
    });
    if (status !== 0) {
      console.error(`${set}: ended with ${signal ?? `exit code ${status}`}`);
      process.exitCode = 1;
    }
  }
}
