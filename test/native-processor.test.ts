import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { availableCores, cpuFeatures, hidesCaches, processorModel } from '../src/native/index.js';

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
  const bfloat16 = (root: string) => cpuFeatures({ root, given: undefined }).bfloat16;
  t.true(bfloat16(withFlags('fpu avx512f avx512_bf16 avx512_fp16')));
  t.true(bfloat16(withFlags('fpu amx_tile amx_bf16')));
  t.false(bfloat16(withFlags('fpu avx2 avx512f')));
  t.false(bfloat16(rootWith(t, {})));
});

test('What oneDNN is held to is what bfloat16 is judged by', (t) => {
  const root = rootWith(t, { 'proc/cpuinfo': 'flags\t\t: avx512f avx512_bf16\n' });
  t.deepEqual(cpuFeatures({ root, given: undefined }), { bfloat16: true });
  t.deepEqual(cpuFeatures({ root, given: 'DEFAULT' }), { bfloat16: true });
  t.deepEqual(cpuFeatures({ root, given: 'avx512_core_bf16' }), { bfloat16: true, heldTo: 'avx512_core_bf16' });
  t.deepEqual(cpuFeatures({ root, given: 'AVX512_CORE' }), { bfloat16: false, heldTo: 'AVX512_CORE' });
});

test('Caches are hidden where an AMD processor with AVX-512 has none that Linux knows of', (t) => {
  const hides = (vendor: string, flags: string, more: Readonly<Record<string, string>> = {}) =>
    hidesCaches({ root: rootWith(t, { 'proc/cpuinfo': `vendor_id\t: ${vendor}\nflags\t\t: ${flags}\n`, ...more }) });
  t.true(hides('AuthenticAMD', 'avx2 avx512f avx512_bf16'));
  t.false(hides('AuthenticAMD', 'avx2'));
  t.false(hides('GenuineIntel', 'avx2 avx512f'));
  t.false(hides('AuthenticAMD', 'avx512f', { 'sys/devices/system/cpu/cpu0/cache/index0/size': '48K\n' }));
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
