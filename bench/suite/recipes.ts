import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecipe, recipeNames } from '../../src/config/index.js';
import type { TrainSummary } from '../../src/run/index.js';
import { atLeast, type Claim } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

/** The summary of a recipe's ended run: of the folders NAME and NAME-N, as runs are called, the last. */
function endedRun(folder: string, recipe: string): TrainSummary | undefined {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const number = (name: string): number => Number(name.slice(recipe.length + 1)); // NAME itself is 0
  const [last] = names
    .filter(
      (name) =>
        name.startsWith(recipe) && Number.isInteger(number(name)) && existsSync(join(folder, name, 'summary.json')),
    )
    .sort((a, b) => number(b) - number(a));
  return last === undefined
    ? undefined
    : (JSON.parse(readFileSync(join(folder, last, 'summary.json'), 'utf8')) as TrainSummary);
}

/** What runs of the recipes reached: collected from run folders, not trained here. */
export const recipesBench: Bench = {
  name: 'recipes',
  title: 'Recipes',
  async run(options) {
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    const missing: string[] = [];
    for (const recipe of (await recipeNames()).filter((name) => wanted(options, name))) {
      const { target } = await readRecipe(recipe);
      const summary = endedRun(options.runs, recipe);
      if (summary === undefined) {
        missing.push(recipe);
        continue;
      }
      const { test, parameters, epochs, seconds, imagesPerSecond, precision } = summary;
      const accuracy = 100 * test.accuracy;
      rows.push([
        recipe,
        parameters,
        epochs,
        precision,
        accuracy,
        seconds / 60,
        imagesPerSecond,
        `\`npm run train -- --recipe ${recipe}\``,
      ]);
      if (target?.accuracy !== undefined)
        claims.push(atLeast(`${recipe}: test accuracy %`, 100 * target.accuracy, accuracy));
    }
    return {
      tables: [
        {
          title: 'After the last epoch, one run and one seed each',
          columns: ['recipe', 'parameters', 'epochs', 'precision', 'test accuracy %', 'minutes', 'images/s', 'command'],
          rows,
        },
      ],
      claims,
      notes: missing.length === 0 ? [] : [`No ended run below the folder of runs: ${missing.join(', ')}.`],
    };
  },
};
