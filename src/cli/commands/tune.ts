import { Command } from 'commander';
import { parseAugment } from '../../../augment/spec/index.js';
import { type ConfigInput, precisions } from '../../config/index.js';
import { type TunedSettings, writeTunedSettings } from '../../runtime/index.js';
import { type Tried, tune } from '../../tools/index.js';
import { configOfFlags } from '../config-layers.js';
import { integer, named, oneOf, positive } from '../parsers.js';
import { createTerminal, grouped, table } from '../terminal.js';

interface TuneFlags extends ConfigInput {
  readonly config?: string;
  readonly dataDir?: string;
  readonly seconds?: number;
  readonly json?: true;
}

/** The `tune` command. */
export function tuneCommand(): Command {
  return new Command('tune')
    .description(
      'Finds by measurement how this machine trains a model quickest, and keeps the answer for --workers auto.',
    )
    .option('--recipe <name>', 'whose network, data and batch')
    .option('--config <file>', 'a JSON file of options, stronger than the recipe')
    .option('--dataset <name|path>', 'a catalog name, a folder or a tar of images')
    .option('--data-dir <dir>', 'the only folder to look in for the dataset')
    .option('--model <name[:key=value,...]>', 'the network and its options', named('--model'))
    .option('--batch-size <n>', 'samples of a whole step, all workers together', integer('--batch-size'))
    .option(
      '--precision <p>',
      'float32, bfloat16, or auto: bfloat16 where the processor has it',
      oneOf('--precision', precisions),
    )
    .option('--augment <list>', 'flip,crop,rotate,... or none', parseAugment)
    .option('--seconds <s>', 'how long to look, about', positive('--seconds'), 50)
    .option('--json', 'one JSON object a line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  convoy tune                          the embedded shapes
  convoy tune --recipe cifar10-cnn     then: convoy train --recipe cifar10-cnn`,
    )
    .action(run);
}

async function run({ recipe, config: file, dataDir, seconds, json, ...flags }: TuneFlags): Promise<void> {
  const terminal = createTerminal(json === true);
  const config = await configOfFlags({ recipe, file, flags });
  const all: Tried[] = [];
  const { best, imagesPerSecond } = await tune({
    config,
    dataDir,
    seconds,
    onTried: (tried) => {
      all.push(tried);
      terminal.record({ type: 'tried', ...tried });
    },
  });
  const kept = await writeTunedSettings(config, best, imagesPerSecond);
  terminal.record({ type: 'tuned', settings: best, imagesPerSecond, file: kept });
  const header = ['workers', 'shards', 'intra-op', 'inter-op', 'augment', 'images/s', 'against best', ''];
  const rows = all.map(({ settings, imagesPerSecond, ratio, kept: better }) => [
    ...cells(settings),
    grouped(imagesPerSecond),
    ratio.toFixed(2),
    better ? 'better' : '',
  ]);
  terminal.line(table([header, ...rows], new Set([0, 1, 2, 3, 4, 5, 6])));
  terminal.line(`\n--workers auto now trains ${config.model.name} with ${described(best)} (${kept})`);
}

function cells({ workers, shards, intraOpThreads, interOpThreads, augmentWorkers }: TunedSettings): string[] {
  return [workers, shards, intraOpThreads, interOpThreads ?? 'default', augmentWorkers ?? 'auto'].map(String);
}

function described({ workers, shards, intraOpThreads, interOpThreads, augmentWorkers }: TunedSettings): string {
  return [
    `${workers} workers`,
    `${shards} shards`,
    `${intraOpThreads} intra-op threads`,
    ...(interOpThreads === undefined ? [] : [`${interOpThreads} inter-op threads`]),
    ...(augmentWorkers === undefined ? [] : [`${augmentWorkers} augmentation workers`]),
  ].join(', ');
}
