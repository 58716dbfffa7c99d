import { visualizations } from '../../api/config.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, oneOf } from '../parsers.js';
import { runOptions, withRunOptions } from '../run-options.js';

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
    ...runOptions,
  ],
  examples: [
    ['convoy visualize runs/cnn --kind grad-cam --image cat.jpg dog.jpg', ''],
    ['convoy visualize runs/cnn --kind max-activation --layer conv2 --channel 5', ''],
  ],
  async action([run], { kind, layer, channel, image, limit, out, ...chosen }, terminal) {
    const { openRunRuntime, visualizeRun } = await import('../../index.js');
    const runtime = await withRunOptions(chosen, terminal, (options) => openRunRuntime({ run, ...options }));
    try {
      const file = await visualizeRun({ runtime, kind, layer, channel, images: image, limit, file: out });
      terminal.record({ type: 'picture', file });
      terminal.line(`written: ${file}`);
    } finally {
      await runtime.close();
    }
  },
});
