import { ConvoyError } from '../../api/errors.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer } from '../parsers.js';
import { checkpoint, dataDir, testTimeAugment } from '../shared-options.js';
import { counted, percent, table, tellError } from '../terminal.js';

export const predict = defineCommand({
  name: 'predict',
  description: 'The most likely classes of image files, or their masks or objects as PNG.',
  alsoCalled: ['infer', 'inference', 'classify'],
  arguments: [
    argument('<run>', 'run folder'),
    argument(
      '<image...>',
      'images of any size (JPEG, PNG, WebP, AVIF, TIFF, GIF), folders of them, patterns, or - for standard input',
    ),
  ],
  options: [
    option('--top <k>', 'classes to show', { parse: integer(), default: 3 }),
    option('--out <folder>', 'folder for pictures of a run with masks or boxes; predictions by default'),
    checkpoint,
    dataDir,
    testTimeAugment,
  ],
  async action([run, files], { top, out, checkpoint, dataDir, testTimeAugment: kind }, terminal) {
    const { PredictionPictures, predictFiles } = await import('../../index.js');
    const predictions = predictFiles({
      run,
      files,
      top,
      testTimeAugment: kind,
      onNote: (note) => terminal.note(note),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    const pictures = new PredictionPictures(out ?? 'predictions');
    let answered = 0;
    let unreadable = 0;
    for await (const prediction of predictions) {
      const { file } = prediction;
      if ('error' in prediction) {
        unreadable += 1;
        tellError(terminal, prediction.error);
        continue;
      }
      answered += 1;
      const written = await pictures.write(prediction);
      const error = prediction.rebuilt?.error;
      const objects = prediction.detection?.objects;
      terminal.record({
        type: 'prediction',
        file,
        top: prediction.top,
        ...(written.length > 0 && { written }),
        ...(error !== undefined && { error }),
        ...(objects !== undefined && { objects }),
      });
      terminal.line(file);
      if (error !== undefined) terminal.line(`  mean squared error ${error.toExponential(3)}`);
      if (written.length > 0) terminal.line(`  written: ${written.join(', ')}`);
      terminal.line(
        table(
          prediction.top.map((item) => ['', item.class, percent(item.share)]),
          new Set([2]),
        ),
      );
    }
    if (unreadable > 0) {
      const found = `${unreadable} of ${counted(answered + unreadable, 'image')} that cannot be read, named above`;
      throw new ConvoyError('CONVOY_DATA', `Expected images but found ${found}`);
    }
  },
});
