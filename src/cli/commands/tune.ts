import type { Tried, TunedSettings } from '../../index.js';
import { configOfFlags } from '../config-layers.js';
import { defineCommand } from '../define.js';
import { option } from '../options.js';
import { positive } from '../parsers.js';
import * as shared from '../shared-options.js';
import { counted, grouped, table } from '../terminal.js';

export const tune = defineCommand({
  name: 'tune',
  description:
    'Finds by measurement how this machine trains a model quickest, and keeps the answer for --workers auto.',
  alsoCalled: ['benchmark', 'bench', 'autotune'],
  options: [
    shared.recipe,
    shared.config,
    shared.dataset,
    shared.dataDir,
    shared.model,
    shared.batchSize,
    shared.precision,
    shared.augment,
    option('--seconds <s>', 'how long to look, about', { parse: positive, default: 50 }),
  ],
  examples: [
    ['convoy tune', 'the embedded shapes'],
    ['convoy tune --recipe cifar10-cnn', 'then: convoy train --recipe cifar10-cnn'],
  ],
  async action(_, { recipe, config: file, dataDir, seconds, ...flags }, terminal) {
    const config = await configOfFlags({ recipe, file, flags });
    const { tune: search, writeTunedSettings } = await import('../../index.js');
    const all: Tried[] = [];
    const { best, imagesPerSecond } = await search({
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
    terminal.line(
      `Shards and threads inside ops decide a run's last bits: runs that give no shards get ${best.shards} and ${best.intraOpThreads} now. ` +
        'A run with given shards keeps to 1 thread unless it asks for more; every run records its own, and resumes with them.',
    );
  },
});

function cells({ workers, shards, intraOpThreads, interOpThreads, augmentWorkers }: TunedSettings): string[] {
  return [workers, shards, intraOpThreads, interOpThreads ?? 'default', augmentWorkers ?? 'auto'].map(String);
}

function described({ workers, shards, intraOpThreads, interOpThreads, augmentWorkers }: TunedSettings): string {
  return [
    counted(workers, 'worker'),
    counted(shards, 'shard'),
    counted(intraOpThreads, 'intra-op thread'),
    ...(interOpThreads === undefined ? [] : [counted(interOpThreads, 'inter-op thread')]),
    ...(augmentWorkers === undefined ? [] : [counted(augmentWorkers, 'augmentation worker')]),
  ].join(', ');
}
