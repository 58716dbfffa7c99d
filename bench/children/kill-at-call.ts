/**
 * Preloaded module (`node --import`): SIGKILL just before the `CONVOY_TEST_KILL_AT`-th call of the main thread that makes
 * something last, a rename, a link or an fsync. What strace does, where there is none.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const at = Number(process.env['CONVOY_TEST_KILL_AT']);
let calls = 0;

function counted<Call extends (...args: never[]) => unknown>(call: Call): Call {
  return function (this: unknown, ...args: Parameters<Call>) {
    if (++calls === at) process.kill(process.pid, 'SIGKILL');
    return call.apply(this, args);
  } as Call;
}

if (isMainThread && at > 0) {
  fs.rename = counted(fs.rename);
  fs.link = counted(fs.link);
  const handle = await fs.open(process.execPath);
  const prototype = Object.getPrototypeOf(handle) as fs.FileHandle;
  await handle.close();
  prototype.sync = counted(prototype.sync);
  prototype.datasync = counted(prototype.datasync);
  syncBuiltinESMExports();
}
