import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonFile } from '../../src/cluster/mpi.js';

const entry = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Why no ranks can be started here; undefined where they can. */
export function ranksAreMissing(): string | undefined {
  const found = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'mpirun')));
  if (!found) return 'mpirun is not installed';
  return existsSync(addonFile()) ? undefined : `${addonFile()} is not built`;
}

/** What ranks did. */
export interface RanksRun {
  /** Of all ranks together, in the quickest epoch. */
  readonly imagesPerSecond: number;
  /** By rank; empty for one. */
  readonly bytesPerBatch: readonly number[];
  readonly parameters: number;
}

/**
 * Trains a configuration on ranks of this machine, one worker each.
 *
 * @throws Error with what they printed when they fail.
 */
export async function startRanks(ranks: number, config: string, cwd: string): Promise<RanksRun> {
  const hosts = ranks === 1 ? [] : ['--hosts', `localhost:${ranks}`];
  const args = [entry, 'train', '--config', config, '--json', '--out', join(cwd, `run-${ranks}`), ...hosts];
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${ranks} ranks ended with ${code}: ${stderr}`);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const summary = records.find(({ type }) => type === 'summary') ?? {};
  const cluster = summary['cluster'] as { readonly bytesPerBatch: readonly number[] } | undefined;
  return {
    imagesPerSecond: Math.max(
      ...records.filter(({ type }) => type === 'epoch').map(({ imagesPerSecond }) => Number(imagesPerSecond)),
    ),
    bytesPerBatch: cluster?.bytesPerBatch ?? [],
    parameters: Number(summary['parameters']),
  };
}
