import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { dataProgress } from '../progress.js';
import { checkpoint, dataDir, trustCode, workers } from '../shared-options.js';

export const report = defineCommand({
  name: 'report',
  description:
    'A page of what a run learned, one HTML file: curves, confusion, mistakes, class maps, the network, the model card. Of several runs: a comparison.',
  alsoCalled: ['html', 'summary', 'page'],
  arguments: [argument('<run...>', 'run folders')],
  options: [
    option('--out <file>', 'HTML file to write (default: RUN/report.html; for several runs report.html)'),
    checkpoint,
    dataDir,
    workers,
    trustCode,
  ],
  examples: [
    ['convoy report runs/cnn', 'writes runs/cnn/report.html'],
    ['convoy report runs/* --out all.html', 'compares all runs'],
  ],
  async action([runs], { out, checkpoint, dataDir, workers, trustCode }, terminal) {
    const { writeReport } = await import('../../index.js');
    const data = dataProgress(terminal);
    const { file, bytes, notes } = await writeReport({
      runs,
      file: out,
      onNote: (note) => terminal.note(note),
      onProgress: data.update,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(trustCode === undefined ? {} : { trustCode }),
      ...(workers === undefined ? {} : { overrides: { workers } }),
    }).finally(data.end);
    for (const note of notes) terminal.note(note);
    terminal.record({ type: 'report', file, bytes });
    terminal.line(`written: ${file} (${(bytes / 2 ** 20).toFixed(1)} MiB)`);
  },
});
