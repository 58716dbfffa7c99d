import { startStepChild } from '../../src/measure/index.js';
import { benchNetworks, stepConfig } from '../harness/networks.js';
import { atMost, type Claim } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

const counts = [1, 2, 3, 4] as const;
const shardSize = 64;
/** After these the allocators have what they keep. */
const settled = 100;
/** So many times as many steps follow: what allocators give back and take again within one such round is more than any growth. */
const rounds = 3;
const mebibyte = 2 ** 20;
/** What each further worker may add on cifar10-cnn, and what 100 steps after the first may. */
const mostPerWorker = 200;
const mostGrowth = 16;

/** Resident memory by workers, and whether it grows with steps. */
export const memoryBench: Bench = {
  name: 'memory',
  title: 'Resident memory',
  async run(options) {
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    const steps = options.quick ? 5 : settled;
    const last = (1 + rounds) * steps;
    for (const network of benchNetworks.filter(({ name }) => wanted(options, name))) {
      const resident: number[] = [];
      let growth = 0;
      for (const workers of counts) {
        options.say(`${network.name}, ${workers} workers`);
        const config = stepConfig(network, { workers, shards: workers, batchSize: workers * shardSize });
        const child = await startStepChild({ config, image: network.image });
        try {
          const before = (await child.round({ steps })).residentBytes / mebibyte;
          const after = (await child.round({ steps: rounds * steps })).residentBytes / mebibyte;
          const grown = (after - before) / rounds;
          growth = Math.max(growth, grown);
          rows.push([
            network.name,
            workers,
            after,
            resident.length === 0 ? null : after - (resident.at(-1) ?? 0),
            grown,
          ]);
          resident.push(after);
        } finally {
          await child.close();
        }
      }
      if (network.name !== 'cifar10-cnn') continue;
      const added = ((resident.at(-1) ?? 0) - (resident[0] ?? 0)) / (counts.length - 1);
      claims.push(
        atMost(`cifar10-cnn, ${shardSize} images a shard: MiB that a further worker adds`, mostPerWorker, added),
        atMost(`cifar10-cnn: MiB that ${steps} steps add, mean of steps ${steps + 1} to ${last}`, mostGrowth, growth),
      );
    }
    return {
      tables: [
        {
          title: `MiB after ${last} steps, ${shardSize} images a shard`,
          columns: ['network', 'workers', 'resident', 'more than with one fewer', `of it added by ${steps} steps`],
          rows,
        },
      ],
      claims,
    };
  },
};
