import { launchedRank } from '../../base/launched-rank.js';
import { AgreedStop, type ClusterRun } from '../../coordinator/index.js';
import { availableCores } from '../../native/index.js';
import { isOfAllRanks } from './agree.js';

/** Seconds without a sign of life after which a rank is given up; `CONVOY_CLUSTER_TIMEOUT` sets others. */
const usualTimeout = 60;

/**
 * The other processes of a training, where a launcher of MPI has started this one beside them; undefined for one that is
 * alone, which loads nothing for it.
 *
 * @param asked aborted when this process is asked to stop.
 * @throws ConvoyError `CONVOY_NATIVE` where Open MPI or convoy's addon for it is missing; `CONVOY_CLUSTER` when MPI fails.
 */
export async function joinCluster(asked: AbortSignal | undefined): Promise<ClusterRun | undefined> {
  if (launchedRank() === undefined) return undefined;
  const { openCluster } = await import('../../cluster/index.js');
  const timeout = Number(process.env['CONVOY_CLUSTER_TIMEOUT'] ?? usualTimeout);
  const cluster = await openCluster({ cores: availableCores(), timeout });
  return { cluster, stop: new AgreedStop(asked) };
}

/** Says how a training has ended, so that the process leaves the others accordingly. */
export async function endedInCluster({ stop }: ClusterRun, error?: unknown): Promise<void> {
  if (launchedRank() === undefined) return; // a cluster of a test
  const { leaveCluster } = await import('../../cluster/index.js');
  if (error === undefined) leaveCluster('well');
  else leaveCluster(isOfAllRanks(error, stop) ? 'together' : 'alone');
}
