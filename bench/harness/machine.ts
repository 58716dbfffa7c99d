import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { availableCores, loadNative, processorModel } from '../../src/native/index.js';

/** Where and with what a result was measured. */
export interface Machine {
  readonly cpu: string;
  /** Cores that the process may use. */
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly libraries: Readonly<Record<string, string>>;
  /** Short hash; ends in `+` where files differ from it. */
  readonly commit: string;
}

/** This machine, with the versions of what convoy stands on. */
export async function describeMachine(): Promise<Machine> {
  const { tensorflowVersion, kernels } = await loadNative();
  const version = (name: string): string => {
    const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
  };
  const libraries = ['@tensorflow/tfjs-node', 'piscina', 'sharp'].map((name) => [name, version(name)] as const);
  return {
    cpu: processorModel(),
    cores: availableCores(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    node: process.versions.node,
    libraries: {
      tensorflow: tensorflowVersion,
      'convoy kernels': kernels.instructions || 'none',
      ...Object.fromEntries(libraries),
    },
    commit: commit(),
  };
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: new URL('../../../', import.meta.url),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    // Results and their report are written by the benches themselves.
    const changed = git(
      'status',
      '--porcelain',
      '--untracked-files=no',
      '--',
      '.',
      ':!bench/results',
      ':!docs',
      ':!README.md',
    );
    return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch {
    return 'unknown'; // not a checkout, or no git
  }
}

/** Seconds that the host of a virtual machine kept from all its cores together, since its start (Linux). */
export function stolenSeconds(): number {
  try {
    // cpu user nice system idle iowait irq softirq steal ..., in hundredths of a second.
    return Number(/^cpu +(?:\d+ ){7}(\d+)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0) / 100;
  } catch {
    return 0; // another system: it does not tell
  }
}
