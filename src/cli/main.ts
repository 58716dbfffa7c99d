#!/usr/bin/env node
import { runCommandLine } from './convoy.js';

// A reader that leaves, as `head` does, ends this program as it ends others: with the code of SIGPIPE.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(128 + 13);
});

process.exitCode = await runCommandLine(process.argv.slice(2));
