/**
 * Builds `src/cluster/addon`, through which convoy trains on many machines, into a library beside tfjs-node: where Open
 * MPI's compiler is (`mpicc`). Elsewhere nothing is done, and a training on many machines says what to install.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onPath, run } from './run.mjs';
import { compiler } from './stage.mjs';

const source = fileURLToPath(new URL('../../src/cluster/addon/mpi.cc', import.meta.url));
const flags = ['-std=c++17', '-O2', '-fPIC', '-fvisibility=hidden', '-fno-rtti', '-shared'];
const system = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];

const places = ({ folder }) => ({
  library: path.join(folder, 'convoy-mpi.node'),
  part: path.join(folder, `convoy-mpi.${process.pid}-${randomUUID().slice(0, 8)}.part.node`),
  stamp: path.join(folder, 'convoy-mpi.json'),
});

/** Undefined when the library is what the source makes, or there is nothing to make it with; else what it would be. */
export function staleCluster(target) {
  if (!onPath('mpicc') || !existsSync(source)) return undefined;
  const wanted = createHash('sha256')
    .update(JSON.stringify([flags, system]))
    .update(readFileSync(source))
    .digest('hex');
  try {
    const { made, failed } = JSON.parse(readFileSync(places(target).stamp, 'utf8'));
    if (made === wanted && (failed === true || existsSync(places(target).library))) return undefined;
  } catch {
    // never built
  }
  return wanted;
}

/** Flags with which programs of Open MPI are compiled and linked, `compile` or `link`; undefined for another MPI. */
function mpiFlags(kind) {
  const { status, stdout } = spawnSync('mpicc', [`--showme:${kind}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().split(/\s+/) : undefined;
}

async function build(target) {
  const { library, part } = places(target);
  const chosen = compiler();
  if (chosen === undefined) return 'it needs g++ or clang++, not found on PATH';
  const [compile, link] = [mpiFlags('compile'), mpiFlags('link')];
  if (compile === undefined || link === undefined) return 'mpicc is not that of Open MPI';
  const built = await run(chosen, [...flags, ...compile, source, '-o', part, ...system, ...link]);
  if (built.ok) renameSync(part, library);
  else rmSync(part, { force: true });
  return built.ok ? undefined : built.reason;
}

/** Builds the library; returns why it could not be built, or undefined. */
export async function buildCluster(target, wanted) {
  const { library, stamp } = places(target);
  const reason = await build(target);
  writeFileSync(stamp, `${JSON.stringify({ made: wanted, ...(reason === undefined ? {} : { failed: true }) })}\n`);
  if (reason !== undefined) rmSync(library, { force: true });
  return reason;
}
