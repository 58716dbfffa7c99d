import cliProgress from 'cli-progress';
import type { DataProgress } from '../api/data.js';
import { grouped, type Terminal } from './terminal.js';

/** A bar for downloads and decoding. */
export function dataProgress(terminal: Terminal): { update(progress: DataProgress): void; end(): void } {
  let bar: cliProgress.SingleBar | undefined;
  let shown = '';
  const end = () => {
    bar?.stop();
    bar = undefined;
    shown = '';
  };
  return {
    update({ what, done, total, unit }) {
      if (what !== shown) {
        end();
        shown = what;
        if (terminal.json) terminal.record({ type: 'data', what, total, unit });
        else if (!terminal.interactive) terminal.note(what);
        else {
          bar = new cliProgress.SingleBar({
            format: `${what} [{bar}] {percentage}%  {count}`,
            clearOnComplete: true,
            hideCursor: true,
          });
          bar.start(Math.max(1, total), 0, { count: '' });
        }
      }
      const count =
        unit === 'bytes'
          ? `${(done / 2 ** 20).toFixed(1)} of ${(total / 2 ** 20).toFixed(1)} MiB`
          : `${grouped(done)} of ${grouped(total)} images`;
      bar?.update(done, { count });
      if (done >= total && total > 0) {
        bar?.stop();
        bar = undefined;
      }
    },
    end,
  };
}
