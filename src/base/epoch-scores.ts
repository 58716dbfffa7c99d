/** Scores of an epoch by split; loads nothing, pages use it too. */
interface EpochScores {
  readonly train: object;
  readonly validation?: object;
  readonly test?: object;
}

/**
 * Names of the scores that some epochs have, accuracy first, without the loss. An accuracy that is 0 in all of them is no score
 * of the task: boxes and rebuilt images have none.
 */
export function epochScores(records: readonly EpochScores[]): string[] {
  const names = new Set<string>();
  for (const { train, validation, test } of records) {
    for (const scores of [train, validation ?? {}, test ?? {}]) {
      for (const [name, value] of Object.entries(scores) as [string, unknown][]) {
        if (name !== 'loss' && value !== undefined && (name !== 'accuracy' || value !== 0)) names.add(name);
      }
    }
  }
  return [...names].sort((a, b) => Number(b === 'accuracy') - Number(a === 'accuracy'));
}

/** A score of a split by name. */
export function namedScore(scores: object | undefined, name: string): number | undefined {
  return (scores as Readonly<Record<string, number>> | undefined)?.[name];
}

/** A score's name in words. */
export const scoreInWords = (name: string): string => name.replaceAll('-', ' ').replace(/\biou\b/, 'IoU');
