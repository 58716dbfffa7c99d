import { readRecipe, recipeNames, resolveConfig } from '../../api/config.js';
import { defineCommand } from '../define.js';
import { percent, table } from '../terminal.js';

export const recipes = defineCommand({
  name: 'recipes',
  description: 'The recipes that convoy train --recipe takes: data, network, epochs and the accuracy they aim at.',
  alsoCalled: ['recipe', 'list'],
  async action(_values, _flags, terminal) {
    const rows = [];
    for (const name of await recipeNames()) {
      const {
        description = '',
        dataset,
        model,
        epochs,
        target,
      } = resolveConfig({ where: name, input: await readRecipe(name) });
      terminal.record({
        type: 'recipe',
        name,
        description,
        dataset,
        model: model.name,
        epochs,
        target: target?.accuracy,
      });
      rows.push([
        name,
        dataset,
        model.name,
        String(epochs),
        target?.accuracy === undefined ? '' : percent(target.accuracy),
        description,
      ]);
    }
    terminal.line(table([['recipe', 'dataset', 'network', 'epochs', 'target', ''], ...rows], new Set([3, 4])));
  },
});
