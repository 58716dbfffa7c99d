import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';

export const plot = defineCommand({
  name: 'plot',
  description: 'Learning curves of one or several runs: loss, accuracy, and the learning rate where it moves.',
  alsoCalled: ['curves', 'history', 'compare'],
  arguments: [argument('<run...>', 'run folders, also of runs that still train')],
  options: [option('--out <file>', 'SVG or PNG to write (default: RUN/curves.svg; for several runs curves.svg)')],
  examples: [
    ['convoy plot runs/cnn', 'writes runs/cnn/curves.svg'],
    ['convoy plot runs/* --out all.png', 'lays all runs over each other'],
  ],
  async action([runs], { out }, terminal) {
    const { plotRuns } = await import('../../index.js');
    const file = await plotRuns({ runs, file: out });
    terminal.record({ type: 'picture', file });
    terminal.line(`written: ${file}`);
  },
});
