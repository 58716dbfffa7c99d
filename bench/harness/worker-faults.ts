/** Faults of one worker in the middle of a training, done on purpose. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { leftovers, outcomeOf, startFaulty, type WorkerFault } from './convoy-run.js';
import { settle, type Undisturbed } from './faults.js';

/** Every fault, and whether the run ends with `CONVOY_WORKER`; else the part is done again and nobody notices. */
const workerFaults: Readonly<Record<WorkerFault, 'ends' | 'goes on'>> = {
  throw: 'goes on',
  exit: 'goes on',
  memory: 'goes on',
  always: 'ends',
  step: 'ends',
  hang: 'ends',
};

/** What a training must have for them: a shard in the middle, and factors and norms, which make the step a task of the pool. */
export const faultyConfig = {
  model: { name: 'mlp', hidden: [16], dropout: 0.2 },
  shards: 4,
  workers: 2,
  batchSize: 16,
  optimizer: { name: 'sgd', momentum: 0.9, clipNorm: 1 },
  checkpoint: { everySteps: 1 },
} as const;

/** A worker throws, exits, runs out of memory, fails always, dies inside the optimizer's step, never answers. */
export async function faultyWorkers(
  whole: Undisturbed,
  kinds = Object.keys(workerFaults) as readonly WorkerFault[],
): Promise<string[]> {
  const faults: string[] = [];
  const { folder, outcome } = whole;
  for (const kind of kinds) {
    const run = join(folder, 'run');
    await rm(run, { recursive: true, force: true });
    const { code, signal, stdout, stderr } = await startFaulty(kind, folder).ended;
    const said = `${stdout.slice(-300)}${stderr.slice(-300)}`;
    if (workerFaults[kind] === 'goes on') {
      if (code !== 0) faults.push(`a worker's ${kind}: ended with ${code ?? signal}: ${said}`);
      else if ((await outcomeOf(run)) !== outcome)
        faults.push(`a worker's ${kind}: other weights or scores than undisturbed`);
      for (const left of await leftovers(run)) faults.push(`a worker's ${kind}: left ${left}`);
    } else {
      if (code !== 1 || !stdout.includes('"code":"CONVOY_WORKER"'))
        faults.push(`a worker's ${kind}: ended with ${code ?? signal} instead of CONVOY_WORKER: ${said}`);
      faults.push(...(await settle(whole, `a worker's ${kind}`)));
    }
  }
  return faults;
}
