/**
 * The gradient worker with one fault, for the bench of faults and the tests of pool, barrier and factors: `CONVOY_TEST_FAILURE`
 * is throw, exit, memory (once), always, hang, share or step.
 */
import { workerData } from 'piscina';
import type { WorkerReply, WorkerSetup, WorkerTask } from '../../src/coordinator/messages.js';
import run from '../../workers/gradient.js';

const kind = process.env['CONVOY_TEST_FAILURE'];
// One fault in the whole pool, whichever worker comes first: the unused end of the scratch slot counts.
const { arena } = workerData as WorkerSetup;
const scratch = arena.slots.find(({ name }) => name === 'scratch');
if (scratch === undefined) throw new Error('no scratch slot');
const counter = new Int32Array(
  arena.memory.buffer as unknown as SharedArrayBuffer,
  scratch.byteOffset + (scratch.length - 1) * 4,
  1,
);

/** The thread's heap; the process goes on. */
function useUpMemory(): never {
  for (const kept: number[][] = []; ; ) kept.push(Array.from({ length: 1 << 16 }, (_, place) => place / 3));
}

export default async function failing(task: WorkerTask): Promise<WorkerReply> {
  if (task.kind === 'step' && kind === 'step') return { kind: 'failed', error: { message: 'out of order' } };
  const shard = task.kind === 'gradients' && task.share !== undefined ? 1 : 2;
  if (task.kind === 'gradients' && task.task.step === 1 && task.task.shard === shard) {
    // A kernel whose scratch memory is beyond the arena: it fails behind the barrier.
    if (kind === 'share' && task.share !== undefined) return run({ ...task, share: { ...task.share, scratch: 1e6 } });
    if (kind === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    if (kind === 'always') return { kind: 'failed', error: { message: 'out of order' } };
    if (Atomics.add(counter, 0, 1) === 0) {
      if (kind === 'exit') process.exit(3);
      if (kind === 'memory') useUpMemory();
      return { kind: 'failed', error: { message: 'out of order' } };
    }
  }
  return run(task);
}
