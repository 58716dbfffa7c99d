import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where to look, for tests; the machine's own by default. */
export interface ProcessorOptions {
  /** Folder that stands for `/`. */
  readonly root?: string;
  /** Threads that the system offers the process, by affinity. */
  readonly parallelism?: number;
}

/** What the processor can do that matters here. */
export interface CpuFeatures {
  /** True when it multiplies bfloat16 in hardware (AVX512-BF16 or AMX-BF16). */
  readonly bfloat16: boolean;
}

function readOrEmpty(...parts: readonly string[]): string {
  try {
    return readFileSync(path.join(...parts), 'utf8');
  } catch {
    return ''; // no such file: another platform, another cgroup version, or no rights; all mean "says nothing"
  }
}

/** Reads the processor's features from Linux's `/proc/cpuinfo`; other platforms have none that we know of. */
export function cpuFeatures({ root = '/' }: ProcessorOptions = {}): CpuFeatures {
  const flags = /^flags\s*:(.*)$/m.exec(readOrEmpty(root, 'proc/cpuinfo'))?.[1]?.trim().split(/\s+/) ?? [];
  return { bfloat16: flags.includes('avx512_bf16') || flags.includes('amx_bf16') };
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
