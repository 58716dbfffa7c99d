/** Child processes whose output is kept for the message, should they fail. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

const keptBytes = 64 * 1024;
const children = new Set();

/** Ends what is still running, when this process is told to end. */
export function stopChildren() {
  for (const child of children) child.kill();
}

/**
 * Runs a program without a shell and without input.
 *
 * @returns {Promise<{ok: boolean, output: string, reason: string}>} output is the end of both streams; reason says in a
 * line why it failed.
 */
export function run(command, args, { cwd, env = {}, timeout = 15 * 60_000 } = {}) {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio });
    // Not spawn's own timeout, which goes on when a program cannot be started, and keeps this process waiting for it.
    const timer = setTimeout(() => child.kill(), timeout);
    children.add(child);
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-keptBytes));
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => {
      clearTimeout(timer);
      children.delete(child);
      resolve({ ok: false, output, reason: `${command}: ${error.message}` });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      children.delete(child);
      const end = signal === null ? `exit code ${code}` : `ended by ${signal}`;
      resolve({ ok: code === 0, output, reason: code === 0 ? '' : `${telling(output)} (${end})` });
    });
  });
}

/** The line of an output that says most: the first that names an error, else the last. */
function telling(output) {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const error = lines.find((line) => /^(\S+: )?(fatal )?error\b|error:|\bE[A-Z]{4,}\b/i.test(line));
  return (error ?? lines.at(-1) ?? 'no output').slice(0, 300);
}

/** True when a program of this name can be run from PATH. */
export function onPath(name) {
  const endings = process.platform === 'win32' ? (process.env.PATHEXT ?? '.EXE;.CMD').split(';') : [''];
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) =>
    endings.some((ending) => {
      const file = path.join(folder, name + ending);
      try {
        accessSync(file, constants.X_OK);
        return folder !== '' && statSync(file).isFile();
      } catch {
        return false; // not in this folder
      }
    }),
  );
}
