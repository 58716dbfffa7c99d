import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../base/errors.js';
import type { EpochRecord } from '../callbacks/index.js';

/**
 * The epochs of a run, as `metrics.jsonl` holds them; none before the first has ended. A last line that a killed process
 * left half written is passed over.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` when the file is damaged.
 */
export async function readHistory(folder: string): Promise<EpochRecord[]> {
  const file = join(folder, 'metrics.jsonl');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw fileError('CONVOY_CHECKPOINT', file, '', 'a readable file', error.message, error);
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => parsed(line, file, index + 1));
}

function parsed(line: string, file: string, number: number): EpochRecord {
  try {
    return JSON.parse(line) as EpochRecord;
  } catch (error) {
    throw fileError('CONVOY_CHECKPOINT', file, `line ${number}`, 'JSON', (error as Error).message, error);
  }
}
