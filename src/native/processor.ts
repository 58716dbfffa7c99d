import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where to look, for tests; the machine's own by default. */
export interface ProcessorOptions {
  /** Folder that stands for `/`. */
  readonly root?: string;
  /** Threads that the system offers the process, by affinity. */
  readonly parallelism?: number;
}

export interface FeatureOptions extends ProcessorOptions {
  /** What oneDNN reads from the environment. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** What the processor can do that matters here. */
export interface CpuFeatures {
  /** True when it multiplies bfloat16 in hardware (AVX512-BF16 or AMX-BF16) and oneDNN may use that. */
  readonly bfloat16: boolean;
  /** What keeps oneDNN from using all of it, if anything does. */
  readonly limit?: string;
}

function readOrEmpty(...parts: readonly string[]): string {
  try {
    return readFileSync(path.join(...parts), 'utf8');
  } catch {
    return ''; // no such file: another platform, another cgroup version, or no rights; all mean "says nothing"
  }
}

/** A line of Linux's `/proc/cpuinfo`, of the first core; undefined where there is none. */
function cpuinfo(field: string, root: string): string | undefined {
  return new RegExp(`^${field}\\s*:(.*)$`, 'm').exec(readOrEmpty(root, 'proc/cpuinfo'))?.[1]?.trim();
}

/**
 * The processor's name. Virtual machines often tell a maker's line only (`AMD EPYC`), which generations as different as
 * those with AVX2 and with AVX-512 share: then its family and model are added, as Linux has them.
 *
 * @param name what the system calls it.
 */
export function processorModel({
  root = '/',
  name = os.cpus()[0]?.model ?? 'unknown',
}: ProcessorOptions & { readonly name?: string } = {}): string {
  const [family, model] = [cpuinfo('cpu family', root), cpuinfo('model', root)];
  const named = /\d/.test(name.replace(/@.*/, '')); // a clock rate names no processor
  return named || family === undefined || model === undefined ? name : `${name} (family ${family}, model ${model})`;
}

/**
 * Whether this is a virtual machine that hides the caches of an AMD processor. The oneDNN of TensorFlow 2.21 takes them to
 * be of one byte, with which its convolutions compute wrongly or crash (see `kernels/onednn-caches.cc`).
 */
export function hidesCaches({ root = '/' }: ProcessorOptions = {}): boolean {
  return (
    cpuinfo('vendor_id', root) === 'AuthenticAMD' &&
    !existsSync(path.join(root, 'sys/devices/system/cpu/cpu0/cache/index0'))
  );
}

function flags(root: string): readonly string[] {
  return cpuinfo('flags', root)?.split(/\s+/) ?? [];
}

/** Instructions by which TensorFlow, oneDNN and convoy choose among kernels whose sums differ in order. */
const deciding =
  /^(avx|avx2|fma|f16c|avx_vnni|avx512(f|bw|dq|vl|_vnni|_bf16|_fp16)|amx_(tile|bf16|int8)|asimd|asimddp|bf16|sve|sve2|i8mm)$/;

/** Which of the instructions that decide bits this processor has, in order; empty where the system does not say. */
export function decidingInstructions({ root = '/' }: ProcessorOptions = {}): string[] {
  const known = [...flags(root), ...(cpuinfo('Features', root)?.split(/\s+/) ?? [])];
  return [...new Set(known.filter((name) => deciding.test(name)))].sort();
}

/** Reads the processor's features from Linux's `/proc/cpuinfo`; other platforms have none that we know of. */
export function cpuFeatures({ root = '/', environment = process.env }: FeatureOptions = {}): CpuFeatures {
  const known = flags(root);
  const bfloat16 = known.includes('avx512_bf16') || known.includes('amx_bf16');
  if (environment['TF_ENABLE_ONEDNN_OPTS'] === '0')
    return { bfloat16: false, limit: 'oneDNN is off (TF_ENABLE_ONEDNN_OPTS=0)' };
  const most = environment['ONEDNN_MAX_CPU_ISA'] ?? '';
  if (/^(default|all|)$/i.test(most)) return { bfloat16 };
  return {
    bfloat16: bfloat16 && /BF16|FP16|AMX|AVX10/i.test(most),
    limit: `oneDNN is held to ${most} (ONEDNN_MAX_CPU_ISA)`,
  };
}

/** Cores' worth of time that a cgroup grants, Infinity when it has no limit. */
function quotaOf(folder: string): number {
  // v2: `cpu.max` holds "quota period" or "max period"; v1: two files, quota -1 for none. Both in microseconds.
  const [quota, period] = readOrEmpty(folder, 'cpu.max').trim().split(/\s+/);
  const two = Number(quota) / Number(period);
  if (two > 0) return two;
  const one =
    Number(readOrEmpty(folder, 'cpu.cfs_quota_us') || Number.NaN) / Number(readOrEmpty(folder, 'cpu.cfs_period_us'));
  return one > 0 ? one : Infinity;
}

/**
 * Cores this process may use: the affinity mask, bounded by the CPU quota of its control group and the groups above
 * (Linux cgroup v1 and v2), at least 1. A fraction of a core counts as a whole one.
 */
export function availableCores(options: ProcessorOptions = {}): number {
  const { root = '/', parallelism = os.availableParallelism() } = options;
  let quota = Infinity;
  for (const line of readOrEmpty(root, 'proc/self/cgroup').split('\n')) {
    const [hierarchy, controllers, group] = line.split(':');
    if (group === undefined) continue;
    const unified = hierarchy === '0' && controllers === '';
    if (!unified && !(controllers ?? '').split(',').includes('cpu')) continue;
    // A container often sees its own group mounted as the root: then the path named here is not there, but `/` is.
    const mounts = unified ? ['sys/fs/cgroup'] : ['sys/fs/cgroup/cpu', `sys/fs/cgroup/${controllers}`];
    for (const mount of mounts) {
      for (let at = path.posix.normalize(`/${group}`); ; at = path.posix.dirname(at)) {
        quota = Math.min(quota, quotaOf(path.join(root, mount, at)));
        if (at === '/') break;
      }
    }
  }
  return Math.max(1, Math.min(parallelism, Math.ceil(quota)));
}
