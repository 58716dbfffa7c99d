#!/usr/bin/env node
/**
 * What `npm test` does before the tests: makes TensorFlow loadable, compiles, lints. The first downloads and waits for
 * most of its time in a fresh clone, so the other two run beside it. The exit code is 1 where one of them fails.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

/** Runs an npm script; resolves with whether it ended well. */
const passes = (script) =>
  new Promise((resolve, reject) => {
    // On Windows npm is a batch file, which only a shell starts.
    const child = spawn(`npm run -s ${script}`, { cwd: fileURLToPath(root), stdio: 'inherit', shell: true });
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });

const native = passes('native');
// The compiler needs the types of tfjs-node, which `native` fetches where npm left the package out.
const typed = existsSync(new URL('node_modules/@tensorflow/tfjs-node/package.json', root)) || (await native);
const checked = typed && (await passes('build')) && (await passes('lint'));
process.exitCode = (await native) && checked ? 0 : 1;
