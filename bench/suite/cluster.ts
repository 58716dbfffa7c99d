import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterNetwork } from '../../src/contracts/index.js';
import { chainSeconds, type Exchange, leastBytes, sliceSeconds } from '../../src/coordinator/index.js';
import { ranksAreMissing, startRanks } from '../harness/cluster-run.js';
import { atLeast, atMost, type Claim } from '../harness/result.js';
import type { Bench } from './bench.js';

/** Images a rank and step: weak scaling. */
const batch = 128;
const hosts = [2, 4, 8, 16, 32, 64];
const gigabits = [1, 10, 25, 100];
/** Seconds: switched Ethernet, and Open MPI over TCP. */
const latency = 5e-5;

/** Networks whose projection is told: parameters, and a speed of one machine that is taken for granted. */
const projected = [
  { name: 'cifar-resnet20, 128 images a machine at 900 images/s', parameters: 272_474, batch, imagesPerSecond: 900 },
  { name: 'resnet50, 32 images a machine at 8 images/s', parameters: 25_557_032, batch: 32, imagesPerSecond: 8 },
];

const network = (gigabit: number): ClusterNetwork => ({ bandwidth: (gigabit * 1e9) / 8, latency });

/** Ranks of Open MPI: speed, traffic and what the cost model says of more machines. */
export const clusterBench: Bench = {
  name: 'cluster',
  title: 'Many machines',
  async run({ quick, say }) {
    const projection = projected.flatMap(({ name, parameters, batch: images, imagesPerSecond }) => {
      const computing = images / imagesPerSecond;
      return hosts.map((ranks) => {
        const exchange: Exchange = { bytes: parameters * 4, ranks, shards: 1 };
        return [
          name,
          ranks,
          ...gigabits.map((each) => {
            const seconds = Math.min(chainSeconds(exchange, network(each)), sliceSeconds(exchange, network(each)));
            return computing / (computing + seconds);
          }),
        ];
      });
    });
    const measured = ranksAreMissing() === undefined ? await measure(quick, say) : undefined;
    return {
      tables: [
        ...(measured === undefined ? [] : [measured.table]),
        {
          title:
            'Projection, not a measurement: efficiency by the cost model, without overlap of computing and sending',
          columns: ['network', 'machines', ...gigabits.map((each) => `${each} Gbit/s`)],
          rows: projection,
        },
      ],
      claims: measured?.claims ?? [],
      notes: [
        'Weak scaling: each rank has one worker and as many images a step as the one rank has alone. Ranks are processes of one machine, which share its memory and caches.',
        ...(measured === undefined ? [`Nothing was measured: ${ranksAreMissing()}.`] : []),
      ],
    };
  },
};

async function measure(quick: boolean, say: (text: string) => void) {
  const cwd = await mkdtemp(join(tmpdir(), 'convoy-cluster-'));
  try {
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    let alone = 0;
    for (const ranks of [1, 2]) {
      say(`cifar-resnet20 on ${ranks} ranks`);
      const config = {
        dataset: 'shapes',
        model: { name: 'cifar-resnet20' },
        epochs: quick ? 1 : 4,
        batchSize: batch * ranks,
        limit: batch * ranks * (quick ? 2 : 15),
        testLimit: 10,
        shards: ranks,
        workers: 1,
      };
      const file = join(cwd, `${ranks}.json`);
      await writeFile(file, JSON.stringify(config));
      const { imagesPerSecond, bytesPerBatch, parameters } = await startRanks(ranks, file, cwd);
      if (ranks === 1) alone = imagesPerSecond;
      const least = leastBytes({ bytes: parameters * 4, ranks, shards: 1 });
      const most = Math.max(0, ...bytesPerBatch);
      const efficiency = imagesPerSecond / (ranks * alone);
      rows.push(['cifar-resnet20', ranks, imagesPerSecond, efficiency, most, least]);
      if (ranks === 1) continue;
      claims.push(
        atLeast('efficiency of cifar-resnet20 on 2 ranks', 0.8, efficiency),
        atMost('bytes that a rank of 2 sends for a batch, by the least that an all-reduce can', 1.1, most / least),
      );
    }
    const columns = ['network', 'ranks', 'images/s', 'efficiency', 'bytes a batch, largest rank', 'lower bound'];
    return { table: { title: `${batch} images a rank and step`, columns, rows }, claims };
  } finally {
    await rm(cwd, { recursive: true });
  }
}
