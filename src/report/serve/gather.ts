import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ConvoyError } from '../../base/errors.js';
import type { RunReport } from '../types.js';
import type { FromGather, ToGather } from './messages.js';

const script = fileURLToPath(new URL('./gather-process.js', import.meta.url));

/**
 * Gives what `gatherRun` gives for a run folder, computed in a process of its own.
 *
 * @param dataDir where datasets lie, as of `openDataset`.
 * @throws ConvoyError `CONVOY_CHECKPOINT` with what that process says, or how it ended.
 */
export const gatherApart =
  (dataDir: string | undefined) =>
  (folder: string, name: string, signal: AbortSignal): Promise<RunReport> =>
    new Promise((resolve, reject) => {
      const fail = (text: string): void => reject(new ConvoyError('CONVOY_CHECKPOINT', text));
      const child = fork(script, { signal, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      child.on('message', (message: FromGather) => {
        if (message.kind === 'gathered') resolve(message.report);
        else fail(message.message);
      });
      child.once('error', (error) => fail(error.message));
      child.once('exit', (code, ended) => fail(`The process that reads ${folder} ended with ${code ?? ended}`));
      child.send({ folder, name, dataDir } satisfies ToGather);
    });
