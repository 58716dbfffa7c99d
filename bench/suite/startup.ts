import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStepChild } from '../../src/measure/index.js';
import { benchNetworks, stepConfig } from '../harness/networks.js';
import { atMost, type Claim } from '../harness/result.js';
import { summarize } from '../harness/statistics.js';
import { type Bench, wanted } from './bench.js';

/** Seconds from the start of the process to the end of the first step, caches warm. */
const mostSeconds = 3;

/** Seconds from the start of a process to the end of its first step: with an empty cache, and with a warm one. */
export const startupBench: Bench = {
  name: 'startup',
  title: 'Start to first step',
  async run(options) {
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    for (const network of benchNetworks.filter(({ name }) => wanted(options, name))) {
      options.say(network.name);
      const cache = await mkdtemp(join(tmpdir(), 'convoy-startup-'));
      const once = async (): Promise<number> => {
        const child = await startStepChild(
          { config: stepConfig(network), image: network.image },
          { env: { CONVOY_CACHE: cache } },
        );
        try {
          return (await child.round({ steps: 1 })).sinceStart / 1000;
        } finally {
          await child.close();
        }
      };
      try {
        const cold = await once();
        const warm: number[] = [];
        for (let start = 0; start < options.rounds; start++) warm.push(await once());
        const { median, lowest, highest } = summarize(warm);
        rows.push([network.name, cold, median, lowest, highest]);
        claims.push(
          atMost(`${network.name}: seconds from start to the end of the first step, warm cache`, mostSeconds, median),
        );
      } finally {
        await rm(cache, { recursive: true, force: true });
      }
    }
    return {
      tables: [
        {
          title: 'Seconds from the start of the process to the end of the first step',
          columns: ['network', 'empty cache', 'warm cache', 'lowest', 'highest'],
          rows,
        },
      ],
      claims,
    };
  },
};
