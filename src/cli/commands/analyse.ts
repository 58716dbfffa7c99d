import { join } from 'node:path';
import { Command } from 'commander';
import { type Analysis, analyseRun, analyses } from '../../tools/index.js';
import { openRun } from '../../training/index.js';
import { integer, oneOf } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { createTerminal } from '../terminal.js';

interface AnalyseFlags {
  readonly only?: readonly Analysis[];
  readonly image?: string;
  readonly layer?: readonly string[];
  readonly limit?: number;
  readonly checkpoint?: string;
  readonly dataDir?: string;
  readonly json?: true;
}

/** The `analyse` command. */
export function analyseCommand(): Command {
  const analysis = oneOf('--only', analyses);
  return new Command('analyse')
    .description('Pictures of what a run has learned: filters, activations, PCA and t-SNE of its features.')
    .argument('<run>', 'run folder; pictures go to its folder analysis')
    .option('--only <list>', `some of ${analyses.join(',')}`, (text: string) => text.split(',').map(analysis))
    .option('--image <file>', 'whose activations are drawn (default: the first test image)')
    .option('--layer <name...>', 'layers whose activations are drawn (default: the first and the last convolution)')
    .option('--limit <n>', 'test images whose features are drawn (default: 1000)', integer('--limit', 4))
    .option('--checkpoint <name>', 'last or best (default: the weights that the run ended with)')
    .option('--data-dir <dir>', 'the only folder to look in for the dataset')
    .option('--json', 'one JSON object a line instead of text')
    .action(analyse);
}

async function analyse(
  run: string,
  { only, image, layer, limit, checkpoint, dataDir, json }: AnalyseFlags,
): Promise<void> {
  const terminal = createTerminal(json === true);
  const data = dataProgress(terminal);
  const runtime = await openRun({
    run,
    dataDir,
    onNote: (note) => terminal.note(note),
    onProgress: data.update,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  }).finally(() => data.end());
  try {
    const files = await analyseRun({ runtime, folder: join(run, 'analysis'), only, image, layers: layer, limit });
    for (const file of files) {
      terminal.record({ type: 'picture', file });
      terminal.line(file);
    }
  } finally {
    await runtime.close();
  }
}
