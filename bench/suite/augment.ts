import { alternate } from '../harness/alternate.js';
import { benchNetworks } from '../harness/networks.js';
import { convoyContender } from '../harness/peers.js';
import { atMost } from '../harness/result.js';
import { parseAugment } from '../../augment/index.js';
import type { Bench } from './bench.js';

/** How many times as long a step may take with transforms as without. */
const mostSlowdown = 1.15;

/** Training with transforms beside training without. */
export const augmentBench: Bench = {
  name: 'augment',
  title: 'Augmentation while training',
  async run(options) {
    const network = benchNetworks.find(({ name }) => name === 'cifar10-cnn');
    if (network === undefined) throw new RangeError('cifar10-cnn is not measured');
    const lists = ['none', 'flip,crop', 'flip,crop,rotate'];
    options.say(lists.join('; '));
    const contests = await alternate(
      lists.map((list) => convoyContender(list, network, { config: { augment: parseAugment(list), batchSize: 32 } })),
      options,
    );
    const plain = contests[0]?.rate.median ?? Number.NaN;
    const last = contests.at(-1)?.rate.median ?? Number.NaN;
    return {
      tables: [
        {
          title: `cifar10-cnn, batch 32, images/s over ${options.rounds} alternating rounds`,
          columns: ['transforms', 'median', 'lowest', 'highest', 'times as long as without'],
          rows: contests.map(({ name, rate }) => [name, rate.median, rate.lowest, rate.highest, plain / rate.median]),
        },
      ],
      claims: [atMost('cifar10-cnn, batch 32: time with flip, crop and rotation, times that without', mostSlowdown, plain / last)],
    };
  },
};
