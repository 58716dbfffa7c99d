import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, named } from '../parsers.js';
import { table } from '../terminal.js';

export const model = defineCommand({
  name: 'model',
  description:
    'Layers, shapes, parameters, multiply-adds and memory of a network, model file or run; without a name: the networks there are.',
  alsoCalled: ['models', 'network', 'networks', 'info'],
  arguments: [
    argument(
      '[name[:key=value,...]|file|run]',
      'a network and its options, a file of Keras, tfjs or a network in JSON, or a run folder',
      named,
    ),
  ],
  options: [
    option('--size <pixels>', "height and width of the input (default: the network's own)", { parse: integer() }),
    option('--channels <n>', 'colour channels', { parse: integer() }),
    option('--classes <n>', 'classes', { parse: integer() }),
  ],
  async action([chosen], shape, terminal) {
    const { describeModel, formatSummary, networks } = await import('../../index.js');
    if (chosen !== undefined && chosen.name !== 'list') {
      const summary = await describeModel(chosen, shape);
      terminal.record({ type: 'model', ...summary });
      terminal.line(formatSummary(summary));
      return;
    }
    for (const { name, title, source, defaultInput, options } of networks) {
      terminal.record({ type: 'network', name, title, source, defaultInput, options });
    }
    terminal.line(
      table(networks.map(({ name, title, defaultInput }) => [name, `${defaultInput}x${defaultInput}`, title])),
    );
  },
});
