import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConvoyError } from '../../api/errors.js';
import { counted, EndWith, type Terminal } from '../terminal.js';
import type { Host } from './hosts.js';
import { entry, needMpirun, Ranks } from './mpirun.js';

/** A short training to compare. */
export interface HostsVerification {
  readonly hosts: readonly Host[];
  /** Of `convoy train`, without its folder; they fix the shards. */
  readonly args: readonly string[];
}

async function weightsOf(folder: string): Promise<string> {
  const { weightsSha256 } = JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8')) as {
    readonly weightsSha256: string;
  };
  return weightsSha256;
}

/**
 * Trains in one process and on several machines, and compares the weights.
 *
 * @throws EndWith the exit code of a training that failed: it has told why. ConvoyError `CONVOY_VERIFY` for other weights,
 *   `CONVOY_NATIVE` without Open MPI.
 */
export async function verifyOn({ hosts, args }: HostsVerification, terminal: Terminal): Promise<void> {
  needMpirun();
  const folder = await mkdtemp(join(tmpdir(), 'convoy-verify-'));
  try {
    const [alone, together] = [join(folder, 'alone'), join(folder, 'together')];
    const child = spawn(process.execPath, [entry, ...args, '--out', alone], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new EndWith(code ?? 1);
    const end = await new Ranks(hosts, [...args, '--out', together], 'ignore').ended;
    if (end.code !== 0) throw new EndWith(end.code);
    const [expected, found] = [await weightsOf(alone), await weightsOf(together)];
    const passed = expected === found;
    const detail = passed ? `SHA-256 ${found.slice(0, 12)}...` : `${found} instead of ${expected}`;
    const ranks = hosts.reduce((sum, host) => sum + host.ranks, 0);
    const name = `${counted(ranks, 'rank')} on ${counted(hosts.length, 'machine')}: weights of one process`;
    terminal.record({ type: 'check', name, passed, detail });
    terminal.line(`${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(44)}  ${detail}`);
    if (!passed)
      throw new ConvoyError('CONVOY_VERIFY', 'Expected the same weights from one process and from all machines', {});
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
