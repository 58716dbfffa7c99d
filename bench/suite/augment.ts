import { parseAugment } from '../../augment/spec/index.js';
import { readRecipe } from '../../src/config/index.js';
import { type AugmentMeasurement, run as measureStage } from '../harness/augment-stage.js';
import { startJob } from '../harness/jobs.js';
import { atLeast, atMost, type Claim } from '../harness/result.js';
import { summarize } from '../harness/statistics.js';
import type { Bench, BenchOptions } from './bench.js';

/** Images/s a core that the stage must make of thumbnails, and how many times Pillow on photographs. */
const leastTurned = 20_000;
const leastMoved = 100_000;
const leastOverPillow = 1.3;
/** How many times as long an epoch may take with transforms as without. */
const mostSlowdown = 1.15;

const recipe = 'cifar10-cnn';
/** Without transforms and with; forth and back, so that neither always comes first. */
const lists = ['none', 'flip,crop:4,rotate:15'] as const;
const turns = [...lists, ...[...lists].reverse()];

/** The augmentation stage alone, beside Pillow, and epochs with transforms beside epochs without. */
export const augmentBench: Bench = {
  name: 'augment',
  title: 'Augmentation',
  async run(options) {
    options.say('the stage alone');
    const stage = await measureStage(
      options.quick ? { rounds: 1, thumbnails: 1024, photographs: 8 } : { rounds: options.rounds },
    );
    const seconds = new Map<string, number[]>(lists.map((list) => [list, []]));
    for (const list of turns) {
      options.say(`${recipe} with ${list}`);
      seconds.get(list)?.push(...(await epochSeconds(list, options)));
    }
    const contests = [...seconds].map(([name, values]) => ({ name, summary: summarize(values) }));
    const plain = contests[0]?.summary.median ?? Number.NaN;
    const slowest = contests.at(-1)?.summary.median ?? Number.NaN;
    return {
      tables: [
        {
          title: `The stage alone, medians of ${options.rounds} alternating rounds`,
          columns: ['transforms', 'images/s a core', 'images/s'],
          rows: stage.measurements.map(({ name, perCore, perSecond }) => [name, perCore, perSecond]),
        },
        {
          title: `An epoch of ${recipe} with its evaluation, seconds`,
          columns: ['transforms', 'median', 'lowest', 'highest', 'times as long as without'],
          rows: contests.map(({ name, summary }) => [
            name,
            summary.median,
            summary.lowest,
            summary.highest,
            summary.median / plain,
          ]),
        },
      ],
      claims: [
        ...stageClaims(stage.measurements),
        atMost(`${recipe}: an epoch with flip, crop and rotation, times one without`, mostSlowdown, slowest / plain),
      ],
      notes: stage.missing === undefined ? [] : [stage.missing],
      ...(stage.pillow === undefined ? {} : { libraries: { Pillow: stage.pillow } }),
    };
  },
};

/**
 * Seconds of epochs in a process of their own, one behind the other without a pause, in which the stage could get ahead
 * unseen. The first, which compiles and fills caches, does not count.
 */
async function epochSeconds(list: string, options: BenchOptions): Promise<number[]> {
  const measured = options.quick ? 1 : (options.epochs ?? 2);
  const config = {
    ...(await readRecipe(recipe)),
    augment: parseAugment(list),
    epochs: measured + 1,
    ...(options.quick ? { limit: 2048 } : {}),
  };
  const child = await startJob({ config, ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }) });
  try {
    const seconds: number[] = [];
    for (let epoch = 0; epoch <= measured; epoch++) seconds.push((await child.round({ epochs: 1 })).seconds);
    return seconds.slice(1);
  } finally {
    await child.close();
  }
}

function stageClaims(measurements: readonly AugmentMeasurement[]): Claim[] {
  const find = (name: string) => measurements.find((line) => line.name === name);
  const pillow = find('Pillow: photographs');
  return [
    atLeast(
      'flip, crop, rotate of 32x32: images/s a core',
      leastTurned,
      find('flip, crop, rotate')?.perCore ?? Number.NaN,
    ),
    atLeast('flip, crop of 32x32: images/s a core', leastMoved, find('flip, crop')?.perCore ?? Number.NaN),
    ...(pillow === undefined
      ? []
      : [
          atLeast(
            'photographs: times as fast as Pillow, by CPU time',
            leastOverPillow,
            (find('photographs')?.perCore ?? Number.NaN) / pillow.perCore,
          ),
        ]),
  ];
}
