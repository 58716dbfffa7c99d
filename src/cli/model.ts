import { Command } from 'commander';
import { createModel, formatSummary, modelSummary, networkNamed, networks } from '../models/index.js';
import { integer, named } from './parsers.js';
import { createTerminal, table } from './terminal.js';

interface ModelFlags {
  readonly size?: number;
  readonly channels?: number;
  readonly classes?: number;
  readonly json?: true;
}

/** The `model` command. */
export function modelCommand(): Command {
  return new Command('model')
    .description('Layers, shapes, parameters, multiply-adds and memory of a network; without a name: the networks there are.')
    .argument('[name[:key=value,...]]', 'a network and its options', named('the network'))
    .option('--size <pixels>', "height and width of the input (default: the network's own)", integer('--size'))
    .option('--channels <n>', 'colour channels', integer('--channels'))
    .option('--classes <n>', 'classes', integer('--classes'))
    .option('--json', 'one JSON object a line instead of text')
    .action((chosen: { name: string } | undefined, flags: ModelFlags) => {
      show(chosen, flags);
    });
}

function show(chosen: { name: string } | undefined, { size, channels, classes, json }: ModelFlags): void {
  const terminal = createTerminal(json === true);
  if (chosen === undefined || chosen.name === 'list') {
    for (const { name, title, source, defaultInput, options } of networks) {
      terminal.record({ type: 'network', name, title, source, defaultInput, options });
    }
    terminal.line(table(networks.map(({ name, title, defaultInput }) => [name, `${defaultInput}x${defaultInput}`, title])));
    return;
  }
  const { name, ...options } = chosen;
  const network = networkNamed(name);
  const side = size ?? network.defaultInput;
  const model = createModel(name, {
    height: side,
    width: side,
    channels: channels ?? network.defaultChannels,
    classes: classes ?? network.defaultClasses,
    ...options,
  });
  const summary = modelSummary(model);
  terminal.record({ type: 'model', ...summary });
  terminal.line(formatSummary(summary));
  model.dispose();
}
