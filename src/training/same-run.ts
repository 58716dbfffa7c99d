import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { CheckpointMessage } from '../../proto/convoy.js';
import { fileError } from '../base/errors.js';
import { type RunConfig, resolveConfig } from '../config/index.js';
import { type RunFolder, readCheckpoint } from '../run/index.js';

/** What may be changed when a run is resumed; all else is the run's own. */
export const resumable: readonly string[] = [
  'workers',
  'epochs',
  'augmentWorkers',
  'workerTimeoutMinutes',
  'checkpoint',
  'engine',
  'precision',
  'forcePrecision',
  'intraOpThreads',
  'interOpThreads',
];
/** What each phase has of its own, so that a checkpoint of one may differ from another's. */
const ownOfPhases: readonly string[] = ['freeze', 'learningRate', 'schedule', 'augment'];
/** Where data lie and what a run is called; the data themselves are compared by their fingerprints. */
const unimportant: readonly string[] = ['recipe', 'description', 'dataset'];

interface FoundCheckpoint {
  readonly message: CheckpointMessage;
  readonly file: string;
}

/**
 * The checkpoint to go on from; undefined for a run that was stopped before its first.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` when it is damaged, or gone from a run that had begun.
 */
export async function lastCheckpoint(
  folder: RunFolder,
  onNote: ((note: string) => void) | undefined,
): Promise<FoundCheckpoint | undefined> {
  const file = folder.checkpoint('last');
  if (existsSync(file)) return { message: await readCheckpoint(file), file };
  const others = await folder.checkpoints();
  if (others.length === 0 && !(await folder.hasBegun())) {
    onNote?.(`${folder.path} was stopped before its first checkpoint: it begins anew`);
    return undefined;
  }
  const hint = others.length === 0 ? '' : `; copied to last.ckpt, ${others[0]}.ckpt would be gone on from`;
  throw fileError('CONVOY_CHECKPOINT', file, '', 'the checkpoint to go on from', `no such file${hint}`);
}

/**
 * Sees that configuration and network of a folder are those that a checkpoint was written with.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` naming what differs.
 */
export async function needSameRun(
  folder: RunFolder,
  config: RunConfig,
  { message, file }: FoundCheckpoint,
): Promise<void> {
  const written = resolveConfig({ where: `${file}: config`, input: JSON.parse(message.config) as unknown });
  const free = [...resumable, ...unimportant, ...(config.phases === undefined ? [] : ownOfPhases)];
  const [here, there] = [config as Record<string, unknown>, written as Record<string, unknown>];
  for (const key of new Set([...Object.keys(here), ...Object.keys(there)])) {
    // Older versions settled these later, and did not record them.
    const unsaid = (key === 'shards' || key === 'learningRate') && there[key] === undefined;
    if (free.includes(key) || unsaid || isDeepStrictEqual(here[key], there[key])) continue;
    const expected = `${shown(there[key])} as in ${file}`;
    throw fileError('CONVOY_CHECKPOINT', `${folder.path}/config.json`, key, expected, shown(here[key]));
  }
  await needSameArchitecture(folder, message, file);
}

/**
 * Sees that a folder's network is the one whose weights a checkpoint has.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT`.
 */
export async function needSameArchitecture(
  folder: RunFolder,
  { architecture = '' }: Pick<CheckpointMessage, 'architecture'>,
  file: string,
): Promise<void> {
  const found = await folder.architectureDigest();
  if (architecture === '' || architecture === found) return;
  const expected = `the network that ${file} was written with`;
  const other = found === undefined ? 'no file' : 'another (changed or damaged since)';
  throw fileError('CONVOY_CHECKPOINT', `${folder.path}/architecture.json`, '', expected, other);
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
