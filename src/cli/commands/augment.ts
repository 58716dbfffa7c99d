import { Command } from 'commander';
import { type AugmentSpec, parseAugment } from '../../../augment/spec/index.js';
import { renderGrid } from '../../../augment/stage/index.js';
import { transforms } from '../../../augment/transforms/index.js';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { optionError } from '../../base/errors.js';
import { readRecipe, resolveConfig } from '../../config/index.js';
import { openDataset } from '../../data/index.js';
import { loadNative } from '../../native/index.js';
import { integer } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { createTerminal } from '../terminal.js';

interface AugmentFlags {
  readonly recipe?: string;
  readonly augment?: AugmentSpec;
  readonly out: string;
  readonly samples?: number;
  readonly versions?: number;
  readonly seed: number;
  readonly dataDir?: string;
  readonly json?: true;
}

/** The `augment` command. */
export function augmentCommand(): Command {
  const known = transforms.map(
    ({ name, description, torchvision }) =>
      `  ${name.padEnd(16)} ${description}${torchvision === undefined ? '' : ` (${torchvision})`}`,
  );
  return new Command('augment')
    .description('A picture of samples and what transforms make of them: look before you train.')
    .argument('<dataset>', 'catalog name, folder or archive')
    .option('--recipe <name>', 'the transforms of a recipe')
    .option('--augment <list>', 'flip,crop:4,rotate:15,...', parseAugment)
    .option('--out <file>', 'PNG to write', 'augment.png')
    .option('--samples <n>', 'rows', integer('--samples'))
    .option('--versions <n>', 'augmented versions of each', integer('--versions'))
    .option('--seed <n>', 'decides every random choice', integer('--seed', 0), 0)
    .option('--data-dir <dir>', 'the only folder to look in for the dataset')
    .option('--json', 'one JSON object a line instead of text')
    .addHelpText('after', `\nTransforms:\n${known.join('\n')}`)
    .action(run);
}

async function run(
  name: string,
  { recipe, augment, out, samples, versions, seed, dataDir, json }: AugmentFlags,
): Promise<void> {
  const terminal = createTerminal(json === true);
  const config = recipe === undefined ? undefined : resolveConfig({ where: 'recipe', input: await readRecipe(recipe) });
  const spec = augment ?? config?.augment;
  if (spec === undefined || spec.length === 0)
    throw optionError('--augment', 'transforms, here or in the --recipe', spec ?? 'none');
  await loadNative(); // sharp is set up with it
  const data = dataProgress(terminal);
  const { train } = await openDataset({
    name,
    seed,
    onProgress: data.update,
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  data.end();
  const grid = await renderGrid(train, spec, {
    seed,
    ...(samples === undefined ? {} : { samples }),
    ...(versions === undefined ? {} : { versions }),
  });
  await writeFileAtomic(out, [grid]);
  terminal.record({ type: 'augment', file: out });
  terminal.line(`written: ${out} (the original first, then as it is in epoch after epoch)`);
}
