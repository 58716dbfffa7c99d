import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer } from '../parsers.js';
import { checkpoint, dataDir } from '../shared-options.js';
import { percent, table } from '../terminal.js';

export const predict = defineCommand({
  name: 'predict',
  description: 'The most likely classes of image files.',
  arguments: [
    argument('<run>', 'run folder'),
    argument('<image...>', 'image files of any size: JPEG, PNG, WebP, AVIF, TIFF, GIF'),
  ],
  options: [option('--top <k>', 'classes to show', { parse: integer(), default: 3 }), checkpoint, dataDir],
  async action([run, files], { top, checkpoint, dataDir }, terminal) {
    const { predictFiles } = await import('../../index.js');
    const predictions = predictFiles({
      run,
      files,
      top,
      onNote: (note) => terminal.note(note),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    for await (const { file, top: best } of predictions) {
      terminal.record({ type: 'prediction', file, top: best });
      terminal.line(file);
      terminal.line(
        table(
          best.map((item) => ['', item.class, percent(item.share)]),
          new Set([2]),
        ),
      );
    }
  },
});
