import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { availableCores, cpuFeatures, oneDnnLimit, processorModel } from '../src/native/index.js';

/** A folder that stands for `/`, with these files. */
function rootWith(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'convoy-root-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

test('bfloat16 is fast where the flags name AVX512-BF16 or AMX-BF16, and nowhere else', (t) => {
  const withFlags = (flags: string) =>
    rootWith(t, { 'proc/cpuinfo': `processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t:\n` });
  const bfloat16 = (root: string, given?: string) => cpuFeatures({ root, given }).bfloat16;
  t.true(bfloat16(withFlags('fpu avx512f avx512_bf16 avx512_fp16')));
  t.true(bfloat16(withFlags('fpu amx_tile amx_bf16')));
  t.false(bfloat16(withFlags('fpu avx2 avx512f')));
  t.false(bfloat16(rootWith(t, {})));
  t.true(bfloat16(withFlags('fpu avx512f avx512_bf16'), 'AVX512_CORE_BF16'));
  t.false(bfloat16(withFlags('fpu avx512f avx512_bf16'), 'AVX512_CORE'), 'which oneDNN may not use');
});

test('oneDNN is held to AVX2 where an AMD processor hides its caches, unless the environment says otherwise', (t) => {
  const machine = (vendor: string, flags: string, more: Readonly<Record<string, string>> = {}) =>
    rootWith(t, { 'proc/cpuinfo': `vendor_id\t: ${vendor}\nflags\t\t: ${flags}\n`, ...more });
  const limit = (root: string, given?: string) => oneDnnLimit({ root, given });
  const hiding = machine('AuthenticAMD', 'avx2 avx512f avx512_bf16');
  t.is(limit(hiding), 'AVX2');
  t.deepEqual(cpuFeatures({ root: hiding, given: undefined }), { bfloat16: false, heldTo: 'AVX2' });
  t.is(limit(hiding, 'DEFAULT'), undefined);
  t.is(limit(hiding, 'avx512_core'), 'AVX512_CORE');
  t.is(limit(machine('AuthenticAMD', 'avx2')), undefined);
  t.is(limit(machine('GenuineIntel', 'avx2 avx512f')), undefined);
  t.is(limit(machine('AuthenticAMD', 'avx512f', { 'sys/devices/system/cpu/cpu0/cache/index0/size': '48K\n' })), undefined);
});

test('A processor whose name tells only its maker is known by family and model as well', (t) => {
  const root = rootWith(t, { 'proc/cpuinfo': 'processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n' });
  t.is(processorModel({ root, name: 'AMD EPYC' }), 'AMD EPYC (family 26, model 2)');
  t.is(processorModel({ root, name: 'Intel(R) Xeon(R) CPU @ 2.20GHz' }), 'Intel(R) Xeon(R) CPU @ 2.20GHz (family 26, model 2)');
  t.is(processorModel({ root, name: 'AMD EPYC 9B14' }), 'AMD EPYC 9B14');
  t.is(processorModel({ root: rootWith(t, {}), name: 'Apple' }), 'Apple');
});

test('Cores are what the system offers where no quota is set', (t) => {
  t.is(availableCores({ root: rootWith(t, {}), parallelism: 6 }), 6);
  const unlimited = rootWith(t, { 'proc/self/cgroup': '0::/user\n', 'sys/fs/cgroup/user/cpu.max': 'max 100000\n' });
  t.is(availableCores({ root: unlimited, parallelism: 6 }), 6);
  t.true(availableCores() >= 1 && availableCores() <= os.availableParallelism());
});

test('A cgroup v2 quota bounds the cores, also one set on a group above, fractions rounded up', (t) => {
  const root = rootWith(t, {
    'proc/self/cgroup': '0::/pod/container\n',
    'sys/fs/cgroup/pod/cpu.max': '250000 100000\n',
    'sys/fs/cgroup/pod/container/cpu.max': 'max 100000\n',
  });
  t.is(availableCores({ root, parallelism: 16 }), 3);
  t.is(availableCores({ root, parallelism: 2 }), 2);
});

test('A container that sees its own group as the root is bounded too', (t) => {
  const root = rootWith(t, { 'proc/self/cgroup': '0::/../host/path\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' });
  t.is(availableCores({ root, parallelism: 16 }), 1);
});

test('A cgroup v1 quota bounds the cores; -1 is none', (t) => {
  const group = '4:memory:/m\n2:cpu,cpuacct:/docker/a\n';
  const folder = 'sys/fs/cgroup/cpu,cpuacct/docker/a';
  const limited = { [`${folder}/cpu.cfs_quota_us`]: '400000\n', [`${folder}/cpu.cfs_period_us`]: '100000\n' };
  t.is(availableCores({ root: rootWith(t, { 'proc/self/cgroup': group, ...limited }), parallelism: 16 }), 4);
  const free = { [`${folder}/cpu.cfs_quota_us`]: '-1\n', [`${folder}/cpu.cfs_period_us`]: '100000\n' };
  t.is(availableCores({ root: rootWith(t, { 'proc/self/cgroup': group, ...free }), parallelism: 16 }), 16);
});
