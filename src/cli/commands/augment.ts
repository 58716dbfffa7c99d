import { readRecipe, resolveConfig, transforms } from '../../api/config.js';
import { combinationError } from '../../api/errors.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, text } from '../parsers.js';
import { dataProgress } from '../progress.js';
import * as shared from '../shared-options.js';

export const augment = defineCommand({
  name: 'augment',
  description: 'A picture of samples and what transforms make of them: look before you train.',
  alsoCalled: ['transform', 'transforms'],
  arguments: [argument('<dataset>', 'a dataset by name, a folder or a tar of images')],
  options: [
    option('--recipe <name>', 'the transforms of a recipe'),
    shared.augment,
    shared.task,
    option('--out <file>', 'PNG to write', { parse: text, default: 'augment.png' }),
    option('--samples <n>', 'rows, of each class as many (default: 8)', { parse: integer() }),
    option('--versions <n>', 'augmented versions of each', { parse: integer() }),
    shared.columns,
    shared.seedOrZero,
    shared.dataDir,
  ],
  help: () => {
    const known = transforms.map(
      ({ name, description, torchvision }) =>
        `  ${name.padEnd(16)} ${description}${torchvision === undefined ? '' : ` (${torchvision})`}`,
    );
    return `\nTransforms:\n${known.join('\n')}`;
  },
  async action([name], { recipe, augment: given, task, out, samples, versions, columns, seed, dataDir }, terminal) {
    const config =
      recipe === undefined ? undefined : resolveConfig({ where: 'recipe', input: await readRecipe(recipe) });
    const spec = given ?? config?.augment;
    if (spec === undefined)
      throw combinationError(
        'convoy augment',
        'needs',
        '--augment LIST as flip,rotate:15, or a --recipe that has transforms',
      );
    const { drawAugmentation } = await import('../../index.js');
    const data = dataProgress(terminal);
    await drawAugmentation({
      name,
      augment: spec,
      file: out,
      samples,
      versions,
      seed,
      onProgress: data.update,
      ...(task === undefined ? {} : { task }),
      ...(columns === undefined ? {} : { columns }),
      ...(dataDir === undefined ? {} : { dataDir }),
    }).finally(data.end);
    terminal.record({ type: 'augment', file: out });
    terminal.line(
      `written: ${out}${spec.length === 0 ? '' : ' (the original first, then as it is in epoch after epoch)'}`,
    );
  },
});
