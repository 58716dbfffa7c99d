import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { availableCores, cpuFeatures, hidesCaches, processorModel } from '../../src/native/index.js';

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
  const bfloat16 = (root: string) => cpuFeatures({ root, environment: {} }).bfloat16;
  t.true(bfloat16(withFlags('fpu avx512f avx512_bf16 avx512_fp16')));
  t.true(bfloat16(withFlags('fpu amx_tile amx_bf16')));
  t.false(bfloat16(withFlags('fpu avx2 avx512f')));
  t.false(bfloat16(rootWith(t, {})));
});

test('What keeps oneDNN from using the processor is what bfloat16 is judged by', (t) => {
  const root = rootWith(t, { 'proc/cpuinfo': 'flags\t\t: avx512f avx512_bf16\n' });
  const features = (environment: NodeJS.ProcessEnv) => cpuFeatures({ root, environment });
  t.deepEqual(features({}), { bfloat16: true });
  t.deepEqual(features({ ONEDNN_MAX_CPU_ISA: 'DEFAULT', TF_ENABLE_ONEDNN_OPTS: '1' }), { bfloat16: true });
  const held = (isa: string) => `oneDNN is held to ${isa} (ONEDNN_MAX_CPU_ISA)`;
  t.deepEqual(features({ ONEDNN_MAX_CPU_ISA: 'avx512_core_bf16' }), {
    bfloat16: true,
    limit: held('avx512_core_bf16'),
  });
  t.deepEqual(features({ ONEDNN_MAX_CPU_ISA: 'AVX512_CORE' }), { bfloat16: false, limit: held('AVX512_CORE') });
  t.deepEqual(features({ TF_ENABLE_ONEDNN_OPTS: '0' }), {
    bfloat16: false,
    limit: 'oneDNN is off (TF_ENABLE_ONEDNN_OPTS=0)',
  });
});

test('Caches are hidden where an AMD processor has none that Linux knows of', (t) => {
  const hides = (vendor: string, more: Readonly<Record<string, string>> = {}) =>
    hidesCaches({ root: rootWith(t, { 'proc/cpuinfo': `vendor_id\t: ${vendor}\n`, ...more }) });
  t.true(hides('AuthenticAMD'));
  t.false(hides('GenuineIntel'));
  t.false(hides('AuthenticAMD', { 'sys/devices/system/cpu/cpu0/cache/index0/size': '48K\n' }));
});

test('A processor whose name tells only its maker is known by family and model as well', (t) => {
  const root = rootWith(t, {
    'proc/cpuinfo': 'processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n',
  });
  t.is(processorModel({ root, name: 'AMD EPYC' }), 'AMD EPYC (family 26, model 2)');
  t.is(
    processorModel({ root, name: 'Intel(R) Xeon(R) CPU @ 2.20GHz' }),
    'Intel(R) Xeon(R) CPU @ 2.20GHz (family 26, model 2)',
  );
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
