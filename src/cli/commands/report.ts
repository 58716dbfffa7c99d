import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { evaluationOptions, withRunOptions } from '../run-options.js';

export const report = defineCommand({
  name: 'report',
  description:
    'A page of what a run learned, one HTML file: curves, confusion, mistakes, class maps, the network, the model card. Of several runs: a comparison.',
  alsoCalled: ['html', 'summary', 'page'],
  arguments: [argument('<run...>', 'run folders')],
  options: [
    option('--out <file>', 'HTML file to write (default: RUN/report.html; for several runs report.html)'),
    ...evaluationOptions,
  ],
  examples: [
    ['convoy report runs/cnn', 'writes runs/cnn/report.html'],
    ['convoy report runs/* --out all.html', 'compares all runs'],
  ],
  async action([runs], { out, ...chosen }, terminal) {
    const { writeReport } = await import('../../index.js');
    const { file, bytes, notes } = await withRunOptions(chosen, terminal, (options) =>
      writeReport({ runs, file: out, ...options }),
    );
    for (const note of notes) terminal.note(note);
    terminal.record({ type: 'report', file, bytes });
    terminal.line(`written: ${file} (${(bytes / 2 ** 20).toFixed(1)} MiB)`);
  },
});
