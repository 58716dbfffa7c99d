import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { parseAugment } from '../../../augment/spec/index.js';
import { diskError, writeFileAtomic } from '../../base/atomic-file.js';
import type { ConfigInput } from '../../config/index.js';
import { learningRateChart } from '../../plots/index.js';
import { makeNumberedFolder } from '../../run/index.js';
import { findLearningRate } from '../../tools/index.js';
import { configOfFlags } from '../config-layers.js';
import { classList, imageSize, integer, integerOrAuto, named, positive } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { onFirstSignal } from '../signals.js';
import { createTerminal } from '../terminal.js';

interface LearningRateFlags extends ConfigInput {
  readonly config?: string;
  readonly dataDir?: string;
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly out?: string;
  readonly json?: true;
}

/** The `lr-find` command. */
export function learningRateCommand(): Command {
  return new Command('lr-find')
    .description('Sweeps the learning rate until the loss diverges, suggests one, draws the sweep.')
    .option('--recipe <name>', 'whose network, data and optimizer')
    .option('--config <file>', 'a JSON file of options, stronger than the recipe')
    .option('--dataset <name|path>', 'a catalog name, a folder or a tar of images')
    .option('--data-dir <dir>', 'where to look for datasets first')
    .option('--model <name[:key=value,...]|file>', 'the network and its options, or a model file', named('--model'))
    .option('--base <name|run|file>', 'a trained model that gets a new head', named('--base'))
    .option('--weights <source>', 'as of train')
    .option('--freeze <part>', 'as of train')
    .option('--head <layers>', 'as of train')
    .option('--batch-size <n>', 'samples of a whole step, all workers together', integer('--batch-size'))
    .option('--optimizer <name[:key=value,...]>', 'sgd, adam, adamw, rmsprop, ...', named('--optimizer'))
    .option('--loss <name[:key=value,...]>', 'crossEntropy, focal, meanSquaredError, ...', named('--loss'))
    .option('--augment <list>', 'flip,crop,rotate,... or none', parseAugment)
    .option('--classes <list>', 'only these classes, as cat,dog or by their places from 0', classList)
    .option('--limit <n>', 'first N training samples only', integer('--limit'))
    .option('--image-size <n|HxW>', 'size that files of images are brought to', imageSize)
    .option('--workers <n|auto>', 'worker threads', integerOrAuto('--workers'))
    .option('--seed <n>', 'decides every random choice', integer('--seed', 0))
    .option('--from <x>', 'first learning rate', positive('--from'), 1e-6)
    .option('--to <x>', 'last learning rate', positive('--to'), 10)
    .option('--steps <n>', 'optimizer steps', integer('--steps', 10), 100)
    .option('--out <dir>', 'folder for lr-find.json, .svg and .png (default: runs/lr-find-N)')
    .option('--json', 'one JSON object a line instead of text')
    .action(run);
}

async function run({
  recipe,
  config: file,
  dataDir,
  from,
  to,
  steps,
  out,
  json,
  ...flags
}: LearningRateFlags): Promise<void> {
  const terminal = createTerminal(json === true);
  const config = await configOfFlags({ recipe, file, flags });
  const data = dataProgress(terminal);
  const interruption = onFirstSignal(() => terminal.note('stopping after this step; again to stop at once'));
  const search = await findLearningRate({
    config,
    dataDir,
    from,
    to,
    steps,
    signal: interruption.signal,
    onNote: (note) => terminal.note(note),
    onProgress: data.update,
    onStep: (step) => {
      data.end();
      terminal.record({ type: 'step', ...step });
    },
  }).finally(() => {
    data.end();
    interruption.end();
  });
  const folder = out ?? (await makeNumberedFolder('runs', 'lr-find')).path;
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  await writeFileAtomic(join(folder, 'lr-find.json'), [`${JSON.stringify({ config, ...search }, undefined, 2)}\n`]);
  const chart = learningRateChart(search, `Learning-rate sweep of ${config.model.name} on ${config.dataset}`);
  for (const ending of ['svg', 'png']) await chart.write(join(folder, `lr-find.${ending}`));
  const { suggestions, ended, learningRates } = search;
  terminal.record({ type: 'learningRate', suggestions, ended, steps: learningRates.length, folder });
  terminal.line(`${learningRates.length} steps, ended ${ended}`);
  if (suggestions === undefined)
    terminal.line('no suggestion: the loss never fell; try a lower --from or more --steps');
  else {
    terminal.line(`suggested: --learning-rate ${suggestions.steepest.toPrecision(2)} (the loss falls steepest)`);
    terminal.line(
      `      or: --learning-rate ${suggestions.tenthOfLowest.toPrecision(2)} (a tenth of where it is lowest)`,
    );
  }
  terminal.line(`written: ${folder}/lr-find.json, lr-find.svg, lr-find.png`);
}
