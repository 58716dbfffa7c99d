import { visualizations } from '../../api/config.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, oneOf } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { checkpoint, dataDir, trustCode } from '../shared-options.js';

export const visualize = defineCommand({
  name: 'visualize',
  description:
    'One picture of what a run learned: filters, activations, class maps, images that excite a channel, features.',
  alsoCalled: ['visualise', 'explain', 'grad-cam', 'saliency', 'features'],
  arguments: [argument('<run>', 'run folder')],
  options: [
    option('--kind <kind>', visualizations.join(', '), { parse: oneOf(visualizations), default: 'grad-cam' }),
    option('--layer <name>', 'of filters, activations, grad-cam and max-activation (default: a convolution)'),
    option('--channel <n>', 'of max-activation, from 0', { parse: integer(0) }),
    option('--image <file...>', 'whose maps are drawn (default: test images of different classes)'),
    option('--limit <n>', 'test images to look at for max-activation and features', { parse: integer(4) }),
    option('--out <file>', 'PNG to write (default: KIND-LAYER.png in the present folder)'),
    checkpoint,
    dataDir,
    trustCode,
  ],
  examples: [
    ['convoy visualize runs/cnn --kind grad-cam --image cat.jpg dog.jpg', ''],
    ['convoy visualize runs/cnn --kind max-activation --layer conv2 --channel 5', ''],
  ],
  async action([run], { kind, layer, channel, image, limit, out, checkpoint, dataDir, trustCode }, terminal) {
    const { openRunRuntime, visualizeRun } = await import('../../index.js');
    const data = dataProgress(terminal);
    const runtime = await openRunRuntime({
      run,
      dataDir,
      onNote: (note) => terminal.note(note),
      onProgress: data.update,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(trustCode === undefined ? {} : { trustCode }),
    }).finally(data.end);
    try {
      const file = await visualizeRun({ runtime, kind, layer, channel, images: image, limit, file: out });
      terminal.record({ type: 'picture', file });
      terminal.line(`written: ${file}`);
    } finally {
      await runtime.close();
    }
  },
});
