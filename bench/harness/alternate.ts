import { type MeasuringChild, MissingError } from '../../src/measure/index.js';
import { type Summary, summarize } from './statistics.js';

/** The least that every measured round says. */
export interface Rate {
  readonly images: number;
  readonly seconds: number;
}

/** Something whose speed is compared. */
export interface Contender<Round extends Rate = Rate> {
  readonly name: string;
  start(): Promise<MeasuringChild<{ readonly steps: number }, Round>>;
}

export interface Contest<Round extends Rate = Rate> {
  readonly name: string;
  /** Why it could not be measured; it has no rounds then. */
  readonly missing?: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly rounds: readonly Round[];
  /** Images a second. */
  readonly rate: Summary;
}

export interface AlternateOptions {
  /** Length of a round. */
  readonly seconds: number;
  readonly rounds: number;
}

/** Steps before anything counts: compilers, caches of primitives, page tables. */
const warmUpSteps = 4;

/**
 * Measures contenders in turn, round after round, so that a machine that slows down or is disturbed does so for all of
 * them. All are started first; none runs while another is measured.
 */
export async function alternate<Round extends Rate>(
  contenders: readonly Contender<Round>[],
  { seconds, rounds }: AlternateOptions,
): Promise<Contest<Round>[]> {
  const running: { child: MeasuringChild<{ readonly steps: number }, Round>; steps: number; done: Round[] }[] = [];
  const contests: { name: string; missing?: string; index: number }[] = [];
  try {
    for (const { name, start } of contenders) {
      try {
        const child = await start();
        running.push({ child, steps: 0, done: [] });
        contests.push({ name, index: running.length - 1 });
        await child.round({ steps: warmUpSteps });
        const timed = await child.round({ steps: warmUpSteps });
        (running.at(-1) as (typeof running)[number]).steps = Math.max(
          2,
          Math.ceil((seconds * warmUpSteps) / timed.seconds),
        );
      } catch (error) {
        if (!(error instanceof MissingError)) throw error;
        contests.push({ name, missing: error.message, index: -1 });
      }
    }
    for (let round = 0; round < rounds; round++) {
      // Every other round backwards: nobody always follows the same one.
      const order = round % 2 === 0 ? running : [...running].reverse();
      for (const { child, steps, done } of order) done.push(await child.round({ steps }));
    }
  } finally {
    await Promise.all(running.map(({ child }) => child.close()));
  }
  return contests.map(({ name, missing, index }) => {
    const done = running[index]?.done ?? [];
    return {
      name,
      ...(missing === undefined ? {} : { missing }),
      facts: running[index]?.child.facts ?? {},
      rounds: done,
      rate: summarize(done.map(({ images, seconds: time }) => images / time)),
    };
  });
}

/** The quickest of some settings of one contender, measured in turn; undefined when all are missing. */
export async function quickest<Round extends Rate>(
  settings: readonly Contender<Round>[],
  options: AlternateOptions,
): Promise<{ readonly best?: Contender<Round>; readonly contests: readonly Contest<Round>[] }> {
  const contests = await alternate(settings, options);
  const measured = contests.filter(({ rounds }) => rounds.length > 0);
  const first = measured.sort((a, b) => b.rate.median - a.rate.median)[0];
  const best = settings.find(({ name }) => name === first?.name);
  return { contests, ...(best === undefined ? {} : { best }) };
}
