/** The program of `test/native/driver`, which runs the ops of the kernels without TensorFlow; for bench checks. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileKernels } from './kernel-build.mjs';
import { onPath, run } from './run.mjs';

const sources = fileURLToPath(new URL('../../test/native/driver', import.meta.url));

/** Says what a check lacks, and ends it. */
export function need(...programs) {
  const missing = programs.filter((program) => !onPath(program));
  if (missing.length === 0) return;
  console.error(`this check needs ${missing.join(', ')}, not found on PATH`);
  process.exit(2);
}

/** Calls `use` with a folder for one check. */
export async function inFolder(use) {
  const folder = mkdtempSync(path.join(tmpdir(), 'convoy-kernel-check-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds the driver for some instruction sets into a folder; returns its file. */
export async function buildDriver({ compiler, folder, flags, sets, link = [] }) {
  const more = readdirSync(sources)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => path.join(sources, name));
  const compiled = await compileKernels({ compiler, folder, flags, sets, more });
  if (compiled.reason !== undefined) throw new Error(`compiling with ${compiler}: ${compiled.reason}`);
  const driver = path.join(folder, 'driver');
  const linked = await run(compiler, [...flags, ...link, ...compiled.objects, '-o', driver]);
  if (!linked.ok) throw new Error(`linking with ${compiler}: ${linked.reason}`);
  return driver;
}

/** Runs a program to its end; returns what it wrote, or throws with the end of it. */
export function output(program, args, env = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${signal ?? `exit code ${status}`}\n${stderr.slice(0, 4000)}`);
  return stdout;
}
