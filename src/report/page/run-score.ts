import { epochScores, namedScore, scoreInWords } from '../../base/epoch-scores.js';
import type { EpochRecord } from '../../callbacks/index.js';
import type { RunReport } from '../types.js';
import { percent } from './dom.js';

/** The first score of a run's task, as accuracy or map. */
export const scoreName = ({ history }: RunReport): string => epochScores(history)[0] ?? 'accuracy';

/** A score of the test images after an epoch. */
export const testScore = (record: EpochRecord | undefined, name: string): number | undefined =>
  namedScore(record?.test, name);

/** The first score after the last epoch. */
export const lastScore = (run: RunReport): number | null => testScore(run.history.at(-1), scoreName(run)) ?? null;

/** A score in per cent, with its name where it is not accuracy. */
export function scoreText(run: RunReport, value = lastScore(run)): string {
  const name = scoreName(run);
  if (value === null) return '–';
  return name === 'accuracy' ? percent(value) : `${percent(value)} ${scoreInWords(name)}`;
}
