#!/usr/bin/env node
import { hasHeldThread } from '../api/process.js';
import { runCommandLine } from './convoy.js';
import { endAtOnce, endByForce } from './signals.js';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A terminal that went away takes no more words; SIGHUP says the rest.
    if (error.code === 'EIO') return;
    if (error.code !== 'EPIPE') throw error;
    // A reader that leaves, as `head` does, ends this program as it ends others: with the code of SIGPIPE.
    process.exit(128 + 13);
  });
}

endAtOnce();
process.exitCode = await runCommandLine(process.argv.slice(2));
if (hasHeldThread()) endByForce();
