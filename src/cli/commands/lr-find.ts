import { configOfFlags } from '../config-layers.js';
import { defineCommand } from '../define.js';
import { option } from '../options.js';
import { integer, positive } from '../parsers.js';
import { dataProgress } from '../progress.js';
import * as shared from '../shared-options.js';
import { onFirstSignal } from '../signals.js';

export const learningRateFinder = defineCommand({
  name: 'lr-find',
  description: 'Sweeps the learning rate until the loss diverges, suggests one, draws the sweep.',
  alsoCalled: ['find-lr', 'learning-rate', 'lr'],
  options: [
    shared.recipe,
    shared.config,
    shared.dataset,
    shared.dataDir,
    shared.model,
    shared.base,
    shared.weights,
    shared.freeze,
    shared.head,
    shared.batchSize,
    shared.optimizer,
    shared.loss,
    shared.augment,
    shared.classes,
    shared.limit,
    shared.imageSizeOption,
    shared.columns,
    shared.workers,
    shared.seed,
    option('--from <x>', 'first learning rate', { parse: positive, default: 1e-6 }),
    option('--to <x>', 'last learning rate', { parse: positive, default: 10 }),
    option('--steps <n>', 'optimizer steps', { parse: integer(10), default: 100 }),
    option('--out <dir>', 'folder for lr-find.json, .svg and .png (default: runs/lr-find-N)'),
  ],
  async action(_, { recipe, config: file, dataDir, from, to, steps, out, ...flags }, terminal) {
    const config = await configOfFlags({ recipe, file, flags });
    const { findLearningRate, makeRunFolder, writeLearningRateSearch } = await import('../../index.js');
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
    const folder = out ?? (await makeRunFolder('lr-find')).path;
    const files = await writeLearningRateSearch(search, { config, folder });
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
    terminal.line(`written: ${files.join(', ')}`);
  },
});
