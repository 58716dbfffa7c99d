/**
 * Trains the cases of a JSON file one after the other, alone or as a rank of several, and prints what rank 0 ended with:
 * `node cluster-job.js FILE SHARDS`.
 */
import { readFile } from 'node:fs/promises';
import { launchedRank } from '../../src/base/launched-rank.js';
import { Trainer } from '../../src/index.js';
import type { ClusterCase } from './cluster-cases.js';

const [file = '', shards = ''] = process.argv.slice(2);
const cases = JSON.parse(await readFile(file, 'utf8')) as ClusterCase[];
const follows = (launchedRank()?.rank ?? 0) > 0;
for (const { name, config } of cases) {
  const trainer = new Trainer({ config: { ...config, shards: Number(shards), workers: 1, augmentWorkers: 1 } });
  const { summary } = await trainer.train();
  const { weightsSha256, epochs, test, train } = summary;
  if (!follows) console.log(JSON.stringify({ name, weightsSha256, epochs, test, train }));
}
