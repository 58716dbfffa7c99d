import { decodeCheckpoint, encodeCheckpoint } from '../../../proto/convoy.js';
import type { RunConfig } from '../../config/index.js';
import type { Cluster } from '../../contracts/index.js';
import type { TrainerOptions } from '../options.js';
import { RunRecorder } from '../recorder.js';

/** What other ranks must know of a run that goes on: its folder may lie on rank 0's machine alone. */
interface Resumed {
  readonly config: RunConfig | undefined;
  /** Of the checkpoint; undefined for a run that begins anew. */
  readonly file: string | undefined;
  readonly architecture: unknown;
}

/**
 * Opens the run folder on rank 0. Other ranks write nothing, and go on from what rank 0 has read.
 *
 * @throws ConvoyError as `RunRecorder.open`, on rank 0.
 */
export async function openRecorder(options: TrainerOptions, cluster: Cluster | undefined): Promise<RunRecorder> {
  if (cluster === undefined) return RunRecorder.open(options);
  const recorder = cluster.rank === 0 ? await RunRecorder.open(options) : undefined;
  if (options.resume === undefined) return recorder ?? RunRecorder.following();
  try {
    const own: Resumed | null = recorder
      ? { config: recorder.config, file: recorder.resumed?.file, architecture: await recorder.recordedArchitecture() }
      : null;
    const [found] = await cluster.exchange(own);
    const message = recorder?.resumed?.message;
    const bytes = await cluster.broadcast(message === undefined ? new Uint8Array() : encodeCheckpoint(message));
    if (recorder !== undefined) return recorder;
    const { config, file, architecture } = found as Resumed;
    // A copy: texts are not decoded from shared memory.
    const resumed = file === undefined ? undefined : { message: decodeCheckpoint(Uint8Array.from(bytes)), file };
    return RunRecorder.following(config, resumed, architecture);
  } catch (error) {
    await recorder?.close();
    throw error;
  }
}
