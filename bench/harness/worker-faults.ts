/** Faults of one worker in the middle of a training, done on purpose. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RandomStream } from '../../src/base/random.js';
import { leftovers, outcomeOf, startFaulty, type WorkerFault } from './convoy-run.js';
import { type FaultPlace, reference, settle } from './faults.js';

/** Every fault, and whether the run ends with `CONVOY_WORKER`; else the part is done again and nobody notices. */
const workerFaults: Readonly<Record<WorkerFault, 'ends' | 'goes on'>> = {
  throw: 'goes on',
  exit: 'goes on',
  memory: 'goes on',
  always: 'ends',
  step: 'ends',
  hang: 'ends',
};

/** A worker throws, exits, runs out of memory, fails always, dies inside the optimizer's step, never answers. */
export async function faultyWorkers(
  { folder, seed, say }: FaultPlace,
  kinds = Object.keys(workerFaults) as readonly WorkerFault[],
): Promise<string[]> {
  const faults: string[] = [];
  const place = join(folder, 'workers');
  // Norms take a pass of their own, so that the step is a task of the pool; three seconds of silence are a hang.
  const fixed = { shards: 4, workers: 2, batchSize: 16, workerTimeoutMinutes: 0.05, checkpoint: { everySteps: 1 } };
  const optimizer = { name: 'sgd', momentum: 0.9, clipNorm: 1 };
  const { outcome } = await reference(place, new RandomStream(seed, 'test', 5), { ...fixed, optimizer });
  for (const kind of kinds) {
    const run = join(place, 'run');
    await rm(run, { recursive: true, force: true });
    const { code, signal, stdout, stderr } = await startFaulty(kind, place).ended;
    const said = `${stdout.slice(-300)}${stderr.slice(-300)}`;
    if (workerFaults[kind] === 'goes on') {
      if (code !== 0) faults.push(`a worker's ${kind}: ended with ${code ?? signal}: ${said}`);
      else if ((await outcomeOf(run)) !== outcome)
        faults.push(`a worker's ${kind}: other weights or scores than undisturbed`);
      for (const left of await leftovers(run)) faults.push(`a worker's ${kind}: left ${left}`);
    } else {
      if (code !== 1 || !stdout.includes('"code":"CONVOY_WORKER"'))
        faults.push(`a worker's ${kind}: ended with ${code ?? signal} instead of CONVOY_WORKER: ${said}`);
      faults.push(...(await settle(place, outcome, `a worker's ${kind}`)));
    }
    say(`a worker's ${kind}, ${faults.length} faults`);
  }
  return faults;
}
