/**
 * `node dist/bench/pool-starts.js [starts]`: starts a process with a pool of four TensorFlow threads that many times
 * (default 100), each thread taking one step at once. Failure: a process that crashes, or threads that differ. Before
 * the addon's attribute names were filled in by the main thread, 9 of 50 such starts ended with SIGSEGV.
 */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { loadNative } from '../src/native/index.js';

const threads = 4;
const script = fileURLToPath(import.meta.url);

async function startOnce(): Promise<void> {
  await loadNative();
  const pool = new Piscina({
    filename: new URL('./pool-starts.worker.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  const sums: unknown[] = await Promise.all(Array.from({ length: threads }, () => pool.run(undefined)));
  await pool.close();
  if (new Set(sums).size !== 1 || !(Number(sums[0]) > 0)) throw new Error(`threads differ: ${sums.join(', ')}`);
}

function startMany(starts: number): void {
  let crashes = 0;
  const began = performance.now();
  for (let start = 1; start <= starts; start++) {
    const child = spawnSync(process.execPath, [script, '--once'], { encoding: 'utf8' });
    if (child.status === 0) continue;
    crashes++;
    console.log(`start ${start}: ${child.signal ?? `exit code ${child.status}`}\n${child.stderr.slice(-2000)}`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const where = `Node ${process.versions.node}, ${os.cpus()[0]?.model}, ${os.availableParallelism()} cores`;
  console.log(`${starts} starts of a pool of ${threads}, ${crashes} failed, ${seconds} s; ${where}`);
  process.exitCode = crashes === 0 ? 0 : 1;
}

const argument = process.argv[2] ?? '100';
if (argument === '--once') {
  await startOnce();
} else if (Number.isInteger(Number(argument)) && Number(argument) > 0) {
  startMany(Number(argument));
} else {
  console.error(`Expected a number of starts but received "${argument}"`);
  process.exitCode = 2;
}
