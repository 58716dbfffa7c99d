import { splits } from '../../api/config.js';
import { classTable } from '../class-table.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, oneOf } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { classes, dataDir, imageSizeOption, seedOrZero } from '../shared-options.js';

export const show = defineCommand({
  name: 'show',
  description: 'A picture of samples with their classes, the same number of each, and how many samples each class has.',
  alsoCalled: ['view', 'samples', 'look'],
  arguments: [argument('<dataset>', 'a dataset by name, a folder or a tar of images')],
  options: [
    option('--out <file>', 'PNG to write (default: DATASET.png in the present folder)'),
    option('--count <n>', 'samples to show', { parse: integer(), default: 50 }),
    option('--split <split>', splits.join(', '), { parse: oneOf(splits), default: 'train' }),
    classes,
    imageSizeOption,
    seedOrZero,
    dataDir,
  ],
  async action([name], { out, count, split, classes, imageSize, seed, dataDir }, terminal) {
    const { drawSamples, samplesPerClass } = await import('../../index.js');
    const data = dataProgress(terminal);
    const drawn = await drawSamples({
      name,
      count,
      split,
      seed,
      file: out,
      onBadImage: 'skip',
      onProgress: data.update,
      ...(classes === undefined ? {} : { classes }),
      ...(imageSize === undefined ? {} : { imageSize }),
      ...(dataDir === undefined ? {} : { dataDir }),
    }).finally(data.end);
    const counts = drawn.datasets.map(samplesPerClass);
    terminal.record({
      type: 'picture',
      file: drawn.file,
      count: drawn.count,
      classes: drawn.datasets[0]?.classes,
      perClass: Object.fromEntries(drawn.datasets.map((dataset, index) => [dataset.split, counts[index]])),
    });
    terminal.line('samples of each class:');
    terminal.line(classTable(drawn.datasets, counts));
    for (const note of drawn.notes) terminal.note(note);
    terminal.line(`written: ${drawn.file} (${drawn.count} ${split} samples)`);
  },
});
