import { join } from 'node:path';
import { analyses } from '../../api/config.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, neuron, someOf } from '../parsers.js';
import { runOptions, withRunOptions } from '../run-options.js';

export const analyse = defineCommand({
  name: 'analyse',
  description:
    'Pictures of what a run has learned: filters, activations, PCA and t-SNE of its features, images that excite a channel.',
  alsoCalled: ['analyze'],
  arguments: [argument('<run>', 'run folder; pictures go to its folder analysis')],
  options: [
    option('--only <list>', `some of ${analyses.join(',')}`, { parse: someOf(analyses) }),
    option('--image <file>', 'whose activations are drawn (default: the first test image)'),
    option(
      '--layer <name...>',
      'layers whose filters and activations are drawn (default: the first and last convolution)',
    ),
    option('--neuron <layer:n...>', 'channels whose most exciting test images are drawn, as conv2:5', {
      parse: neuron,
    }),
    option('--limit <n>', 'test images to look at (default: 1000, for --neuron 2000)', { parse: integer(4) }),
    ...runOptions,
  ],
  async action([run], { only, image, layer, neuron, limit, ...chosen }, terminal) {
    const { analyseRun, openRunRuntime } = await import('../../index.js');
    const runtime = await withRunOptions(chosen, terminal, (options) => openRunRuntime({ run, ...options }));
    try {
      const files = await analyseRun({
        runtime,
        folder: join(run, 'analysis'),
        only,
        image,
        layers: layer,
        neurons: neuron,
        limit,
      });
      for (const file of files) {
        terminal.record({ type: 'picture', file });
        terminal.line(file);
      }
    } finally {
      await runtime.close();
    }
  },
});
