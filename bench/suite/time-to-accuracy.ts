import { readRecipe, recipeNames } from '../../src/config/index.js';
import { startJob } from '../harness/jobs.js';
import { atLeast, type Claim } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

/** Recipes to their target accuracy. Without `--networks` those that take minutes. */
export const timeToAccuracyBench: Bench = {
  name: 'time-to-accuracy',
  title: 'Time to the target accuracy',
  async run(options) {
    const standard = ['shapes', 'mnist-cnn', 'fashion-mnist-cnn', 'cifar10-cnn'];
    const names = (await recipeNames()).filter((name) =>
      options.networks === undefined ? standard.includes(name) : wanted(options, name),
    );
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    for (const name of options.quick ? names.slice(-1) : names) {
      const config = await readRecipe(name);
      const target = config.target?.accuracy;
      if (target === undefined) continue;
      const most = options.epochs ?? config.epochs ?? 10;
      const child = await startJob({ config, ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }) });
      let seconds = 0;
      let best = 0;
      let epochs = 0;
      try {
        while (best < target && epochs < most) {
          options.say(`${name}: epoch ${epochs + 1}`);
          const round = await child.round({});
          seconds += round.seconds;
          best = Math.max(best, round.accuracy);
          epochs += 1;
        }
      } finally {
        await child.close();
      }
      rows.push([name, target * 100, best * 100, epochs, seconds]);
      claims.push(atLeast(`${name}: test accuracy %`, target * 100, best * 100));
    }
    return {
      tables: [
        {
          title: 'Until the recipe’s target is reached',
          columns: ['recipe', 'target %', 'reached %', 'epochs', 'seconds'],
          rows,
        },
      ],
      claims,
    };
  },
};
