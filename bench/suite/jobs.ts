import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigInput, readRecipe } from '../../src/config/index.js';
import { MissingError } from '../../src/measure/index.js';
import { cpuFeatures } from '../../src/native/index.js';
import { quickest } from '../harness/alternate.js';
import { type JobChild, startJob, writeRawDataset } from '../harness/jobs.js';
import { benchNetworks, threadSettings } from '../harness/networks.js';
import { convoyContender, peerSetup, peers, peersPython, startPeer } from '../harness/peers.js';
import { atLeast, type Claim } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

/** Recipes run whole, and how many times as fast as a peer they must be. */
const jobs = [
  { recipe: 'cifar10-cnn', peer: 'PyTorch', bound: 2 },
  { recipe: 'fashion-mnist-cnn', peer: 'Keras', bound: 1.3 },
] as const;

/** Whole training jobs, evaluation after every epoch included, epochs of all trainers in turn. */
export const jobsBench: Bench = {
  name: 'jobs',
  title: 'Whole training jobs',
  async run(options) {
    const rows: (string | number | null)[][] = [];
    const tried: (string | number)[][] = [];
    const claims: Claim[] = [];
    const notes: string[] = [];
    const libraries: Record<string, string> = {};
    for (const { recipe, peer: judged, bound } of jobs.filter((job) => wanted(options, job.recipe))) {
      const config = await readRecipe(recipe);
      const batch = config.batchSize ?? 32;
      const epochs = options.epochs ?? (options.quick ? 1 : (config.epochs ?? 10));
      const network = benchNetworks.find(({ name }) => name === config.model?.name);
      if (network === undefined || config.dataset === undefined)
        throw new RangeError(`recipe ${recipe} is of no measured network`);
      if (epochs !== config.epochs) notes.push(`${recipe}: ${epochs} of its ${config.epochs} epochs`);
      options.say(`${recipe}: data`);
      const folder = await mkdtemp(join(tmpdir(), 'convoy-jobs-'));
      const runs: { name: string; child: JobChild; seconds: number; accuracy: number }[] = [];
      const add = async (name: string, start: () => Promise<JobChild>): Promise<void> => {
        try {
          runs.push({ name, child: await start(), seconds: 0, accuracy: 0 });
        } catch (error) {
          if (!(error instanceof MissingError)) throw error;
          notes.push(`${name} is missing with ${peersPython()}: ${error.message}`);
        }
      };
      try {
        await writeRawDataset(config.dataset, folder, options.dataDir);
        const own = (more: ConfigInput) =>
          startJob({
            config: { ...config, epochs, ...more },
            ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
          });
        const settings = threadSettings();
        options.say(`${recipe}: settings of convoy`);
        const { best, contests } = await quickest(
          settings.map(({ name, config: threads }) =>
            convoyContender(name, { ...network, batch }, { config: threads }),
          ),
          { seconds: options.seconds, rounds: options.quick ? 1 : 2 },
        );
        for (const { name, rate } of contests) tried.push([recipe, name, batch, rate.median]);
        const threads = settings.find(({ name }) => name === best?.name)?.config ?? {};
        await add('convoy', () => own(threads));
        if (cpuFeatures().bfloat16) await add('convoy, bfloat16', () => own({ ...threads, precision: 'bfloat16' }));
        for (const peer of peers.filter(({ name }) => name === 'PyTorch' || name === 'Keras')) {
          const settings = peer.settings[0] ?? {};
          await add(peer.name, () =>
            startPeer(peer, peerSetup({ ...network, batch }, 'float32', { settings, data: folder })),
          );
        }
        for (let epoch = 1; epoch <= epochs; epoch++) {
          for (const run of runs) {
            options.say(`${recipe}: epoch ${epoch} of ${epochs}, ${run.name}`);
            const { seconds, accuracy } = await run.child.round({ epochs: 1 });
            run.seconds += seconds;
            run.accuracy = accuracy;
          }
        }
      } finally {
        await Promise.all(runs.map(({ child }) => child.close()));
        await rm(folder, { recursive: true, force: true });
      }
      const convoy = runs[0]?.seconds ?? Number.NaN;
      for (const { name, child, seconds, accuracy } of runs) {
        rows.push([recipe, name, batch, epochs, seconds, accuracy * 100, seconds / convoy]);
        if (typeof child.facts['version'] === 'string') libraries[name] = child.facts['version'];
        if (name === judged)
          claims.push(atLeast(`${recipe}, whole job: convoy against ${name}`, bound, seconds / convoy));
      }
      const low = runs.find(({ name }) => name === 'convoy, bfloat16');
      if (recipe === 'cifar10-cnn' && low !== undefined && epochs === config.epochs) {
        const short = (runs[0]?.accuracy ?? Number.NaN) - low.accuracy;
        claims.push(atLeast('cifar10-cnn: points of test accuracy, bfloat16 less float32', -0.5, -100 * short));
      }
    }
    return {
      tables: [
        {
          title: 'Training and evaluation, seconds',
          columns: ['recipe', 'trainer', 'batch', 'epochs', 'seconds', 'test accuracy %', 'times convoy'],
          rows,
        },
        {
          title: 'Thread settings of convoy that were tried, images/s',
          columns: ['recipe', 'settings', 'batch', 'median'],
          rows: tried,
        },
      ],
      claims,
      notes: [
        'Every trainer has the data in memory before the clock starts; epochs of the trainers alternate.',
        ...notes,
      ],
      libraries,
    };
  },
};
