import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { fileError, optionError } from '../../base/errors.js';
import type { LayersModel } from '../../base/tf.js';
import {
  createModel,
  formatSummary,
  modelSummary,
  type NetworkShape,
  networkNamed,
  networks,
} from '../../models/index.js';
import { RunFolder } from '../../run/index.js';
import { openModelFile } from '../../weights/index.js';
import { integer, named } from '../parsers.js';
import { createTerminal, table } from '../terminal.js';

interface ModelFlags {
  readonly size?: number;
  readonly channels?: number;
  readonly classes?: number;
  readonly json?: true;
}

/** The `model` command. */
export function modelCommand(): Command {
  return new Command('model')
    .description(
      'Layers, shapes, parameters, multiply-adds and memory of a network, model file or run; without a name: the networks there are.',
    )
    .argument(
      '[name[:key=value,...]|file|run]',
      'a network and its options, a file of Keras, tfjs or a network in JSON, or a run folder',
      named('the network'),
    )
    .option('--size <pixels>', "height and width of the input (default: the network's own)", integer('--size'))
    .option('--channels <n>', 'colour channels', integer('--channels'))
    .option('--classes <n>', 'classes', integer('--classes'))
    .option('--json', 'one JSON object a line instead of text')
    .action(show);
}

async function show(chosen: { name: string } | undefined, { json, ...flags }: ModelFlags): Promise<void> {
  const terminal = createTerminal(json === true);
  if (chosen === undefined || chosen.name === 'list') {
    for (const { name, title, source, defaultInput, options } of networks) {
      terminal.record({ type: 'network', name, title, source, defaultInput, options });
    }
    terminal.line(
      table(networks.map(({ name, title, defaultInput }) => [name, `${defaultInput}x${defaultInput}`, title])),
    );
    return;
  }
  const model = await chosenModel(chosen, flags);
  const summary = modelSummary(model);
  terminal.record({ type: 'model', ...summary });
  terminal.line(formatSummary(summary));
  model.dispose();
}

async function chosenModel(
  { name, ...options }: { name: string },
  flags: Omit<ModelFlags, 'json'>,
): Promise<LayersModel> {
  const isFile = !networks.some((known) => known.name === name);
  if (isFile && !existsSync(name)) {
    throw optionError(
      'the network',
      `one of ${networks.map((known) => known.name).join(', ')}, a model file or a run folder`,
      name,
    );
  }
  const network = networkNamed(isFile ? 'custom' : name);
  const { size = network.defaultInput, channels = network.defaultChannels, classes = network.defaultClasses } = flags;
  const shape = { height: size, width: size, channels, classes };
  if (!isFile) return createModel(name, { ...shape, ...options });
  for (const [key, value] of Object.entries(options)) throw optionError(key, 'no options beside a file', value);
  const { model, described } = await modelAt(name, shape);
  for (const [flag, value] of Object.entries(described ? {} : flags)) {
    throw optionError(`--${flag}`, 'none beside a model, which has its own,', value);
  }
  return model;
}

async function modelAt(path: string, shape: NetworkShape): Promise<{ model: LayersModel; described: boolean }> {
  if (existsSync(join(path, 'config.json'))) {
    const model = await RunFolder.open(path).readArchitecture();
    if (model === undefined)
      throw fileError('CONVOY_CHECKPOINT', path, 'architecture.json', 'the architecture of the run', 'none');
    return { model, described: false };
  }
  if (statSync(path).isDirectory())
    throw fileError('CONVOY_CHECKPOINT', path, 'config.json', 'the configuration of a run', 'none');
  const { model, weights } = await openModelFile(path, shape);
  return { model, described: weights === undefined };
}
