import { type AllReduceMeasurement, run } from '../harness/all-reduce.js';
import type { Bench } from './bench.js';

/** A small CNN, cifar10-cnn, ResNet-50. */
const parameterCounts = [100_000, 4_200_000, 25_600_000] as const;
const shardCounts = [2, 4, 8] as const;

/** All-reduce and optimizer step by parameters and shards, against a plain copy of the same memory. */
export const allReduceBench: Bench = {
  name: 'all-reduce',
  title: 'All-reduce and optimizer step',
  async run({ quick, say }) {
    const measured: AllReduceMeasurement[] = [];
    for (const parameters of quick ? [100_000] : parameterCounts) {
      for (const shards of quick ? [2] : shardCounts) {
        say(`${parameters} parameters, ${shards} shards`);
        measured.push(...(await run(parameters, shards)));
      }
    }
    return {
      tables: [
        {
          title: 'Median ms a step; GB/s of the least traffic a step needs, and as a share of what a plain copy moves',
          columns: [
            'optimizer',
            'parameters',
            'shards',
            'all-reduce',
            'optimizer',
            'one thread',
            'two threads',
            'GB/s',
            'of a copy',
          ],
          rows: measured.map((line) => [
            line.optimizer,
            line.parameters,
            line.shards,
            line.allReduceMilliseconds,
            line.optimizerMilliseconds,
            line.milliseconds,
            line.twoThreadsMilliseconds,
            line.gigabytesPerSecond,
            line.ofCopy,
          ]),
        },
      ],
    };
  },
};
