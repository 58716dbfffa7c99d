/**
 * Builds the kernels of `src/native/kernels`, which TensorFlow does not have, into a library beside tfjs-node. convoy trains
 * without them too, on TensorFlow's kernels, more slowly.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';
import { compiler } from './stage.mjs';

const sources = fileURLToPath(new URL('../../src/native/kernels', import.meta.url));

const wide = ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mfma'];
/** Sets of instructions that the vector code is compiled for; the processor chooses at run time. Compilers may not know optional ones. */
const sets = [
  { table: 'avx2Kernels', name: 'AVX2', flags: ['-mavx2', '-mfma'] },
  { table: 'avx512Kernels', name: 'AVX-512', flags: wide },
  { table: 'avx512Bf16Kernels', name: 'AVX-512 BF16', flags: [...wide, '-mavx512bf16'], optional: true },
];

// Loops that copy vectors into registers must stay loops: GCC would make calls of memcpy of them.
const gccOnly = '-fno-tree-loop-distribute-patterns';
// GCC 12 warns of its own AVX-512 header.
const flags = [
  ...['-O3', '-std=c++17', '-fPIC', '-fvisibility=hidden', '-fno-exceptions', '-fno-rtti', '-ffp-contract=fast'],
  ...['-Wall', '-Wextra', '-Wno-psabi', '-Wno-maybe-uninitialized', '-Wno-unknown-warning-option'],
];

/** Everything that decides the library's bytes, but the compiler. */
function fingerprint() {
  const hash = createHash('sha256').update(JSON.stringify([sets, flags, gccOnly]));
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(path.join(sources, name)));
  return hash.digest('hex');
}

const compilerName = () => compiler() ?? 'none';

const places = ({ folder }) => ({
  library: path.join(folder, 'convoy-kernels.node'),
  part: path.join(folder, `convoy-kernels.${process.pid}-${randomUUID().slice(0, 8)}.part.node`),
  stamp: path.join(folder, 'convoy-kernels.json'),
});

/** Undefined when the library is what the sources make, else what it would have to be. */
export function staleKernels(target) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const wanted = fingerprint();
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

/** Builds the library; returns why it could not be built, or undefined. */
export async function buildKernels(target, wanted) {
  const { library, part, stamp } = places(target);
  const chosen = compiler();
  const folder = mkdtempSync(path.join(tmpdir(), 'convoy-kernels-'));
  const build = async () => {
    if (chosen === undefined) return 'it needs g++ or clang++, not found on PATH';
    const knows = async (options) => (await run(chosen, [...options, '-fsyntax-only', '-x', 'c++', '/dev/null'])).ok;
    const common = (await knows([gccOnly])) ? [...flags, gccOnly] : flags;
    const compile = (source, object, more) =>
      run(chosen, [...common, ...more, '-c', path.join(sources, source), '-o', path.join(folder, object)]);
    // Older compilers do without what they do not know.
    const known = await Promise.all(sets.map(({ flags: more, optional }) => !optional || knows(more)));
    const used = sets.filter((_, index) => known[index]);
    const objects = used.map(({ table }) => `${table}.o`);
    const compiled = await Promise.all([
      compile('ops.cc', 'ops.o', used.length < sets.length ? ['-DCONVOY_WITHOUT_PAIRS'] : []),
      ...used.map(({ table, name, flags: more }, index) =>
        compile('vector.cc', objects[index], [...more, `-DCONVOY_KERNELS=${table}`, `-DCONVOY_INSTRUCTIONS="${name}"`]),
      ),
    ]);
    const failed = compiled.find(({ ok }) => !ok);
    if (failed !== undefined) return failed.reason;
    const tensorflow = path.join(target.folder, 'deps/lib/libtensorflow_framework.so.2');
    const files = ['ops.o', ...objects].map((name) => path.join(folder, name));
    const made = path.join(folder, 'kernels.node');
    const linked = await run(chosen, ['-shared', '-o', made, ...files, tensorflow, '-Wl,-rpath,$ORIGIN/deps/lib']);
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
  };
  try {
    const reason = await build();
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
