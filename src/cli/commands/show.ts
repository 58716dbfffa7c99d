import { splits } from '../../api/config.js';
import type { ImageCheck } from '../../index.js';
import { classTable } from '../class-table.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, oneOf } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { classes, columns, dataDir, imageSizeOption, seedOrZero, task } from '../shared-options.js';
import { counted, grouped, type Terminal } from '../terminal.js';

export const show = defineCommand({
  name: 'show',
  description: 'A picture of samples with their classes, the same number of each, and how many samples each class has.',
  alsoCalled: ['view', 'samples', 'look'],
  arguments: [argument('<dataset>', 'a dataset by name, a folder or a tar of images')],
  options: [
    option('--out <file>', 'PNG to write (default: DATASET.png in the present folder)'),
    option('--count <n>', 'samples to show', { parse: integer(), default: 50 }),
    option('--split <split>', splits.join(', '), { parse: oneOf(splits), default: 'train' }),
    task,
    classes,
    imageSizeOption,
    columns,
    seedOrZero,
    dataDir,
    option('--check', 'look at every image: equal ones (in two splits, two classes, twice), blank ones, sizes'),
  ],
  async action([name], { out, count, split, task, classes, imageSize, columns, seed, dataDir, check }, terminal) {
    const { catalogEntry, checkImages, drawSamples, samplesPerClass } = await import('../../index.js');
    const data = dataProgress(terminal);
    const drawn = await drawSamples({
      name,
      count,
      split,
      seed,
      file: out,
      onBadImage: 'skip',
      onProgress: data.update,
      ...(task === undefined ? {} : { task }),
      ...(classes === undefined ? {} : { classes }),
      ...(imageSize === undefined ? {} : { imageSize }),
      ...(columns === undefined ? {} : { columns }),
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
    if (terminal.interactive && process.stdout.hasColors?.(2 ** 24) === true)
      for (const line of drawn.preview) process.stdout.write(`${line}\n`);
    terminal.line('samples of each class:');
    terminal.line(classTable(drawn.datasets, counts));
    for (const note of drawn.notes) terminal.note(note);
    terminal.line(`written: ${drawn.file} (${drawn.count} ${split} samples)`);
    if (check !== true) return;
    const checking = checkImages(drawn.datasets, {
      onProgress: data.update,
      ...(catalogEntry(name) === undefined ? { folder: name } : {}),
    });
    tellCheck(terminal, await checking.finally(data.end));
  },
});

/** Groups or images that a line names; the record has all. */
const named = 5;

function tellCheck(terminal: Terminal, check: ImageCheck): void {
  const { acrossFolders, withinFolder, blank, sizes } = check;
  terminal.record({ type: 'check', ...check });
  const [commonest, second] = sizes;
  if (commonest !== undefined)
    terminal.line(
      second === undefined
        ? `sizes: all images are ${commonest[0]}`
        : `sizes: ${counted(sizes.length, 'size')}, the commonest ${commonest[0]} (${counted(commonest[1], 'image')})`,
    );
  const list = (what: string, groups: readonly (readonly string[])[]): void => {
    if (groups.length === 0) return;
    const shown = groups.slice(0, named).map((group) => `  ${group.join(' = ')}`);
    const more = groups.length > named ? [`  and ${grouped(groups.length - named)} more (--json lists all)`] : [];
    terminal.line([what, ...shown, ...more].join('\n'));
  };
  list('equal images in different folders, splits or classes:', acrossFolders);
  list('equal images in one folder:', withinFolder);
  list(
    'images of one colour:',
    blank.map((name) => [name]),
  );
  if (acrossFolders.length + withinFolder.length + blank.length === 0)
    terminal.line('no two images are equal, and none is blank');
}
