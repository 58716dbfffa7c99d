import type { Cluster } from '../contracts/index.js';
import { type ClusterOptions, MpiCluster } from './mpi-cluster.js';

/** Milliseconds that rank 0 waits for others at the end of a run that failed: they may have met another end. */
const endWithin = 5000;

/** MPI begins and ends once in a process. */
let opened: Promise<MpiCluster> | undefined;
/** What the last training ended with. */
let ending: 'well' | 'together' | 'alone' = 'well';

/**
 * The ranks that this process belongs to; it leaves them when it has nothing left to do.
 *
 * @throws ConvoyError `CONVOY_NATIVE` where the addon is missing or does not load; `CONVOY_CLUSTER` when MPI fails.
 */
export function openCluster(options: ClusterOptions): Promise<Cluster> {
  opened ??= MpiCluster.open(options).then((cluster) => {
    process.once('beforeExit', () => void leave(cluster));
    return cluster;
  });
  return opened;
}

/**
 * Says how a training has ended, before the process does. A rank that failed alone ends all others with it, since they
 * wait for it.
 */
export function leaveCluster(how: typeof ending): void {
  ending = how;
}

async function leave(cluster: MpiCluster): Promise<void> {
  const abort = (): void => cluster.abort(Number(process.exitCode ?? 0) || 1);
  if (ending === 'alone') return abort();
  const timer = ending === 'together' && cluster.rank === 0 ? setTimeout(abort, endWithin) : undefined;
  try {
    await cluster.end();
  } catch {
    abort(); // MPI failed
  } finally {
    clearTimeout(timer);
  }
}
