/**
 * Builds the kernels of `src/native/kernels`, which TensorFlow does not have, into a library beside tfjs-node. convoy trains
 * without them too, on TensorFlow's kernels, more slowly.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commonFlags, compileKernels, instructionSets, kernelSources, sourceFiles } from './kernel-build.mjs';
import { run } from './run.mjs';
import { compiler } from './stage.mjs';

/** TensorFlow's headers, where the way that made it loadable has those for kernels; see `tensorflow.h` of the kernels. */
function headers({ folder }) {
  const include = path.join(folder, 'deps/include');
  return existsSync(path.join(include, 'tensorflow/c/kernels.h')) ? ['-isystem', include] : [];
}

const flagsFor = (target) => ['-O3', ...headers(target)];

/** Everything that decides the library's bytes, but the compiler. */
function fingerprint(target) {
  const build = readFileSync(fileURLToPath(new URL('kernel-build.mjs', import.meta.url)));
  const hash = createHash('sha256').update(JSON.stringify([instructionSets, commonFlags, flagsFor(target)]));
  hash.update(build);
  for (const name of sourceFiles()) hash.update(name).update(readFileSync(path.join(kernelSources, name)));
  return hash.digest('hex');
}

const compilerName = () => compiler() ?? 'none';

const places = ({ folder }) => ({
  library: path.join(folder, 'convoy-kernels.node'),
  part: path.join(folder, `convoy-kernels.${process.pid}-${randomUUID().slice(0, 8)}.part.node`),
  stamp: path.join(folder, 'convoy-kernels.json'),
});

/** Whether there are kernels for this system and processor. */
export const hasKernels = process.platform === 'linux' && process.arch === 'x64';

/** Undefined when the library is what the sources make, else what it would have to be. */
export function staleKernels(target) {
  if (!hasKernels) return undefined;
  const wanted = fingerprint(target);
  try {
    const { made, failed } = JSON.parse(readFileSync(places(target).stamp, 'utf8'));
    // What failed is not tried again at every start, but with another compiler.
    if (made === wanted && (failed === undefined ? existsSync(places(target).library) : failed === compilerName()))
      return undefined;
  } catch {
    // never built
  }
  return wanted;
}

/** Compiles, links and checks the library; returns why it could not be made, or undefined. */
async function build(target, folder) {
  const { library, part } = places(target);
  const chosen = compiler();
  if (chosen === undefined) return 'it needs g++ or clang++, not found on PATH';
  const compiled = await compileKernels({ compiler: chosen, folder, flags: flagsFor(target), forNode: true });
  if (compiled.reason !== undefined) return compiled.reason;
  const tensorflow = path.join(target.folder, 'deps/lib/libtensorflow_framework.so.2');
  const made = path.join(folder, 'kernels.node');
  const options = ['-shared', '-o', made, ...compiled.objects, tensorflow, '-Wl,-rpath,$ORIGIN/deps/lib'];
  const linked = await run(chosen, options);
  if (!linked.ok) return linked.reason;
  const check = fileURLToPath(new URL('check-kernels.mjs', import.meta.url));
  const env = { TF_CPP_MIN_LOG_LEVEL: '2' };
  writeFileSync(part, readFileSync(made)); // where it finds TensorFlow
  const checked = await run(process.execPath, [check, path.join(target.folder, target.addon), part], {
    timeout: 120_000,
    env,
  });
  if (!checked.ok) {
    rmSync(part);
    return checked.reason;
  }
  renameSync(part, library);
  return undefined;
}

/** Builds the library; returns why it could not be built, or undefined. */
export async function buildKernels(target, wanted) {
  const { library, stamp } = places(target);
  const folder = mkdtempSync(path.join(tmpdir(), 'convoy-kernels-'));
  try {
    const reason = await build(target, folder);
    writeFileSync(
      stamp,
      `${JSON.stringify({ made: wanted, ...(reason === undefined ? {} : { failed: compilerName() }) })}\n`,
    );
    if (reason !== undefined) rmSync(library, { force: true });
    return reason;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
