import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ranksAreMissing } from '../../bench/harness/cluster-run.js';
import type { ClusterCase } from './cluster-cases.js';

const job = fileURLToPath(new URL('cluster-job.js', import.meta.url));

/** Why no ranks can be started here; undefined where they can. */
export const noCluster = ranksAreMissing;

/** Arguments of mpirun for ranks on this machine alone. */
export function mpirunArguments(ranks: number): string[] {
  const root = process.getuid?.() === 0 ? ['--allow-run-as-root'] : [];
  return [...root, '--bind-to', 'none', '--oversubscribe', '-n', String(ranks)];
}

/** What a case ended with. */
export interface CaseResult {
  readonly name: string;
  readonly weightsSha256: string;
  readonly epochs: number;
  readonly test: unknown;
  readonly train: unknown;
}

/**
 * Trains cases on a number of ranks.
 *
 * @param cwd a folder for the cache and the list of cases.
 */
export async function trainCases(
  cases: readonly ClusterCase[],
  { ranks, shards, cwd }: { readonly ranks: number; readonly shards: number; readonly cwd: string },
): Promise<CaseResult[]> {
  const file = join(cwd, `cases-${ranks}-${shards}.json`);
  await writeFile(file, JSON.stringify(cases));
  const own = [process.execPath, job, file, String(shards)];
  const [program = '', ...rest] = ranks === 1 ? own : ['mpirun', ...mpirunArguments(ranks), ...own];
  const output = await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, CONVOY_CACHE: join(cwd, 'cache'), NO_COLOR: '1' };
    const child = spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [text, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${ranks} ranks ended with ${code}:\n${text}${errors}`)),
    );
  });
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as CaseResult);
}
