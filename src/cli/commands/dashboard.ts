import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer } from '../parsers.js';
import { dataDir } from '../shared-options.js';
import { onFirstSignal } from '../signals.js';

export const dashboard = defineCommand({
  name: 'dashboard',
  description:
    'A page on 127.0.0.1 about all runs in a folder, kept up to date: sorted, filtered, compared. Ctrl-C ends it.',
  alsoCalled: ['serve', 'ui', 'web', 'watch', 'board'],
  arguments: [argument('<folder>', 'a run folder, or a folder of run folders')],
  options: [option('--port <n>', 'port to listen on (default: 4747, or a free one)', { parse: integer() }), dataDir],
  examples: [['convoy dashboard runs', 'lists the runs in runs/']],
  async action([folder], { port, dataDir }, terminal) {
    const { serveRuns } = await import('../../index.js');
    const served = await serveRuns(folder, { port, dataDir });
    const interruption = onFirstSignal(() => undefined);
    try {
      terminal.record({ type: 'dashboard', url: served.url });
      terminal.line(`dashboard: ${served.url} (Ctrl-C ends it)`);
      await new Promise((resolve) => interruption.signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      interruption.end();
      await served.close();
    }
  },
});
