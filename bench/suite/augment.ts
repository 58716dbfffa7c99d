import { parseAugment } from '../../augment/index.js';
import { type AugmentMeasurement, run as measureStage } from '../augment.js';
import { alternate } from '../harness/alternate.js';
import { benchNetworks } from '../harness/networks.js';
import { convoyContender } from '../harness/peers.js';
import { atLeast, atMost, type Claim } from '../harness/result.js';
import type { Bench } from './bench.js';

/** Images/s a core that the stage must make of thumbnails, and how many times Pillow on photographs. */
const leastTurned = 20_000;
const leastMoved = 100_000;
const leastOverPillow = 1.3;
/** How many times as long a step may take with transforms as without. */
const mostSlowdown = 1.15;

/** The augmentation stage alone, beside Pillow, and training with transforms beside training without. */
export const augmentBench: Bench = {
  name: 'augment',
  title: 'Augmentation',
  async run(options) {
    options.say('the stage alone');
    const stage = await measureStage(options.quick ? { rounds: 1, thumbnails: 1024, photographs: 8 } : { rounds: options.rounds });
    const network = benchNetworks.find(({ name }) => name === 'cifar10-cnn');
    if (network === undefined) throw new RangeError('cifar10-cnn is not measured');
    const lists = ['none', 'flip,crop', 'flip,crop,rotate'];
    options.say('while training');
    const contests = await alternate(
      lists.map((list) => convoyContender(list, network, { config: { augment: parseAugment(list), batchSize: 32 } })),
      options,
    );
    const plain = contests[0]?.rate.median ?? Number.NaN;
    const slowest = contests.at(-1)?.rate.median ?? Number.NaN;
    return {
      tables: [
        {
          title: `The stage alone, medians of ${options.rounds} alternating rounds`,
          columns: ['transforms', 'images/s a core', 'images/s'],
          rows: stage.measurements.map(({ name, perCore, perSecond }) => [name, perCore, perSecond]),
        },
        {
          title: `Training cifar10-cnn, batch 32, images/s over ${options.rounds} alternating rounds`,
          columns: ['transforms', 'median', 'lowest', 'highest', 'times as long as without'],
          rows: contests.map(({ name, rate }) => [name, rate.median, rate.lowest, rate.highest, plain / rate.median]),
        },
      ],
      claims: [
        ...stageClaims(stage.measurements),
        atMost('cifar10-cnn, batch 32: time with flip, crop and rotation, times that without', mostSlowdown, plain / slowest),
      ],
      notes: stage.missing === undefined ? [] : [stage.missing],
      ...(stage.pillow === undefined ? {} : { libraries: { Pillow: stage.pillow } }),
    };
  },
};

function stageClaims(measurements: readonly AugmentMeasurement[]): Claim[] {
  const find = (name: string) => measurements.find((line) => line.name === name);
  const pillow = find('Pillow: photographs');
  return [
    atLeast('flip, crop, rotate of 32x32: images/s a core', leastTurned, find('flip, crop, rotate')?.perCore ?? Number.NaN),
    atLeast('flip, crop of 32x32: images/s a core', leastMoved, find('flip, crop')?.perCore ?? Number.NaN),
    ...(pillow === undefined
      ? []
      : [atLeast('photographs: times as fast as Pillow', leastOverPillow, (find('photographs')?.perSecond ?? Number.NaN) / pillow.perSecond)]),
  ];
}
