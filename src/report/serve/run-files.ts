import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonFile, readJsonLines } from '../../base/json-lines.js';
import type { EpochRecord } from '../../callbacks/index.js';
import type { HistogramLine, RunReport } from '../types.js';

/** Folders below the one that is shown that are looked into for runs. */
const deepest = 3;

/** What the files of a run folder say, read without TensorFlow; undefined where there is no run. */
export async function readRunFiles(folder: string, name: string): Promise<RunReport | undefined> {
  const config = await readJsonFile(join(folder, 'config.json'));
  if (config === undefined) return undefined;
  const summary = await readJsonFile(join(folder, 'summary.json'));
  const record = await readJsonFile(join(folder, 'record.json'));
  const classes = Array.isArray(record?.['classes']) ? record['classes'].map(String) : [];
  const trains = existsSync(join(folder, 'run.lock'));
  const state = trains ? 'training' : summary === undefined ? 'unfinished' : 'ended';
  return {
    name,
    state: state === 'ended' && summary?.['stopped'] !== undefined ? 'stopped' : state,
    classes,
    history: await readJsonLines<EpochRecord>(join(folder, 'metrics.jsonl')),
    config,
    ...(summary === undefined ? {} : { summary }),
    ...(record === undefined ? {} : { record }),
    histograms: (await readJsonLines<HistogramLine>(join(folder, 'histograms.jsonl'))).slice(-100),
    notes: state === 'unfinished' ? ['The run has not ended: scores are those of its last checkpoint.'] : [],
  };
}

/** The run folders in a folder, by their paths below it; the folder itself, where it is one. */
export async function listRuns(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const look = async (folder: string, name: string, depth: number): Promise<void> => {
    if (existsSync(join(folder, 'config.json'))) {
      found.set(name === '' ? (folder.split('/').filter(Boolean).at(-1) ?? 'run') : name, folder);
      return;
    }
    if (depth >= deepest) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        await look(join(folder, entry.name), name === '' ? entry.name : `${name}/${entry.name}`, depth + 1);
    }
  };
  await look(root, '', 0);
  return found;
}

/** Changes when an epoch, a summary or a beginning has been written. */
export async function stampOf(folder: string): Promise<string> {
  const parts = await Promise.all(
    ['metrics.jsonl', 'summary.json', 'run.lock', 'config.json'].map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      // The lock's time goes on as long as the run does.
      return found === undefined ? '-' : name === 'run.lock' ? 'lock' : `${found.size}:${found.mtimeMs}`;
    }),
  );
  return parts.join(' ');
}
