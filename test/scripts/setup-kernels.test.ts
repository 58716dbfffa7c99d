import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

/** What of the plain JavaScript under `scripts/native` is tested here. */
interface KernelsModule {
  staleKernels(target: { folder: string; addon: string }): string | undefined;
  buildKernels(target: { folder: string; addon: string }, wanted: string): Promise<string | undefined>;
}
const scripts = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../scripts/native');
const kernels: KernelsModule = await import(path.join(scripts, 'kernels.mjs'));
const sources = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../src/native/kernels');
const tfjsNode = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json'));
// Elsewhere no kernels are built.
const onLinux = process.platform === 'linux' && process.arch === 'x64' ? test.serial : test.serial.skip;

/** A folder for one test, after which the compiler is the one before. */
function place(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'convoy-kernels-test-'));
  const compilerBefore = process.env['CXX'];
  t.teardown(() => {
    if (compilerBefore === undefined) delete process.env['CXX'];
    else process.env['CXX'] = compilerBefore;
    rmSync(folder, { recursive: true });
  });
  return folder;
}

onLinux('A compiler that fails is told once, leaves nothing, and another one gets its turn', async (t) => {
  const folder = place(t);
  const target = { folder, addon: 'addon.node' };
  const library = path.join(folder, 'convoy-kernels.node');
  writeFileSync(library, 'of older sources');
  process.env['CXX'] = 'false'; // a program that always fails
  const wanted = kernels.staleKernels(target);
  t.truthy(wanted);
  t.regex((await kernels.buildKernels(target, wanted as string)) ?? '', /exit code 1/);
  t.false(existsSync(library));
  t.is(kernels.staleKernels(target), undefined, 'what failed is not tried again at every start');

  process.env['CXX'] = 'no-such-compiler';
  const other = kernels.staleKernels(target);
  t.is(other, wanted);
  t.regex((await kernels.buildKernels(target, other as string)) ?? '', /no-such-compiler.*ENOENT/);
});

onLinux('A compiler that does not know the newest instructions is not asked for them', async (t) => {
  const folder = place(t);
  const [compiler, log] = [path.join(folder, 'compiler'), path.join(folder, 'log')];
  // Refuses the instructions and whatever is to be compiled in earnest; says what it was asked for.
  writeFileSync(compiler, `#!/bin/sh\necho "$*" >> '${log}'\ncase "$*" in *avx512bf16*|*' -c '*) exit 1;; esac\n`);
  chmodSync(compiler, 0o755);
  process.env['CXX'] = compiler;
  const target = { folder, addon: 'addon.node' };
  await kernels.buildKernels(target, kernels.staleKernels(target) as string);
  const compiled = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(' -c '));
  const ops = compiled.filter((line) => line.includes('/ops.cc '));
  const sets = ops.map((line) => /-DCONVOY_SET=(\w+)/.exec(line)?.[1]);
  t.deepEqual(sets.sort(), ['avx2', 'avx512', 'scalar'], compiled.join('\n'));
  t.true(compiled.every((line) => !line.includes('bf16')));
});

onLinux("The copy of TensorFlow's declarations agrees with its headers, where these are there", (t) => {
  const include = path.join(tfjsNode, 'deps/include');
  if (!existsSync(path.join(include, 'tensorflow/c/kernels.h'))) {
    t.pass('this TensorFlow came without headers for kernels');
    return;
  }
  const source = path.join(place(t), 'both.cc');
  // A function that is declared again with other types is an error.
  writeFileSync(
    source,
    `#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#define CONVOY_TENSORFLOW_TYPES
#include "${path.join(sources, 'tensorflow-declarations.h')}"
static_assert(TF_FLOAT == 1 && TF_INT32 == 3 && TF_UINT8 == 4 && TF_BFLOAT16 == 14);
static_assert(TF_OK == 0 && TF_INVALID_ARGUMENT == 3 && TF_RESOURCE_EXHAUSTED == 8 && sizeof(TF_Bool) == 1);
`,
  );
  const options = ['-std=c++17', '-fsyntax-only', '-isystem', include, source];
  const { status, stderr } = spawnSync(process.env['CXX'] ?? 'g++', options, { encoding: 'utf8' });
  t.is(status, 0, stderr);
});
