/**
 * Compiles the kernels of `src/native/kernels`: every op (`ops/*.cc`, which are found by their names) once for each
 * instruction set, all ops of a set as one source, and what they share.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

export const kernelSources = fileURLToPath(new URL('../../src/native/kernels', import.meta.url));

const avx512 = ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mfma'];

/** Instruction sets, by the names of their files in `src/native/kernels/simd`. Old compilers do not know the newest. */
export const instructionSets = [
  { name: 'scalar', flags: [] },
  { name: 'avx2', flags: ['-mavx2', '-mfma'], x64: true },
  { name: 'avx512', flags: avx512, x64: true },
  { name: 'avx512bf16', flags: [...avx512, '-mavx512bf16'], x64: true },
];

/** Flags of every source. Floating-point contraction makes fused multiply-adds of products that are added. */
export const commonFlags = ['-std=c++17', '-fPIC', '-fvisibility=hidden', '-fno-rtti', '-ffp-contract=fast'];
// GCC 12 warns of its own AVX-512 header.
const warnings = ['-Wall', '-Wextra', '-Wno-psabi', '-Wno-uninitialized', '-Wno-maybe-uninitialized'];
const optional = [
  // Loops that copy vectors into registers must stay loops: GCC would make calls of memcpy of them.
  '-fno-tree-loop-distribute-patterns',
  '-Wno-unknown-warning-option',
];

/** Files below the kernels' folder, by their relative names, in order. */
export function sourceFiles() {
  return readdirSync(kernelSources, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort();
}

/** What ops share, compiled once. `library.cc` and `onednn-caches.cc` are for Node on x64. */
const sharedSources = (forNode) =>
  sourceFiles().filter(
    (name) =>
      name.endsWith('.cc') && !name.startsWith('ops/') && (forNode || !/^(library|onednn-caches)\.cc$/.test(name)),
  );

/** Runs tasks, a few at a time; every result, in order. */
async function limited(tasks, most = os.availableParallelism()) {
  const results = [];
  let next = 0;
  const work = async () => {
    for (let own = next++; own < tasks.length; own = next++) results[own] = await tasks[own]();
  };
  await Promise.all(Array.from({ length: most }, work));
  return results;
}

/**
 * Compiles the kernels into a folder: `{objects, sets}`, the object files and the names of the sets that the compiler
 * knows, or `{reason}`.
 *
 * @param {object} options
 * @param {string} options.compiler
 * @param {string} options.folder
 * @param {readonly string[]} options.flags beside the common ones
 * @param {readonly string[]} [options.sets] names; all by default
 * @param {boolean} [options.forNode] with what Node loads; else for a program of its own
 * @param {readonly string[]} [options.more] further sources, by their whole names
 */
export async function compileKernels({ compiler, folder, flags, sets, forNode = false, more = [] }) {
  const knows = async (options) => (await run(compiler, [...options, '-fsyntax-only', '-x', 'c++', '/dev/null'])).ok;
  const known = await Promise.all(optional.map((flag) => knows([flag])));
  const common = [...commonFlags, ...warnings, ...optional.filter((_, index) => known[index]), ...flags];
  const compile = (source, object, own) => async () => {
    const made = path.join(folder, object);
    const result = await run(compiler, [...common, '-I', kernelSources, ...own, '-c', source, '-o', made]);
    return { ...result, made };
  };
  const wanted = instructionSets.filter(({ name }) => sets === undefined || sets.includes(name));
  const possible = await Promise.all(wanted.map(({ flags: own, x64 }) => !x64 || knows(own)));
  const used = wanted.filter((_, index) => possible[index]);
  const ops = sourceFiles().filter((name) => name.startsWith('ops/') && name.endsWith('.cc'));
  const all = path.join(folder, 'ops.cc');
  writeFileSync(all, ops.map((name) => `#include "${name}"\n`).join(''));
  const shared = [...sharedSources(forNode).map((name) => path.join(kernelSources, name)), ...more];
  const results = await limited([
    ...used.map(({ name, flags: own }) => compile(all, `ops-${name}.o`, [...own, `-DCONVOY_SET=${name}`])),
    ...shared.map((source, index) => compile(source, `${index}-${path.basename(source, '.cc')}.o`, [])),
  ]);
  const failed = results.find(({ ok }) => !ok);
  if (failed !== undefined) return { reason: failed.reason };
  return { objects: results.map(({ made }) => made), sets: used.map(({ name }) => name) };
}
