import cliProgress from 'cli-progress';
import type { Progress } from '../index.js';
import { duration, grouped, percent, type Terminal } from './terminal.js';

/** A bar for the epoch under way, where somebody watches. */
export function createBars(terminal: Terminal): { update(progress: Progress): void; end(): void } {
  let bar: cliProgress.SingleBar | undefined;
  let shown = '';
  const end = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(progress) {
      if (!terminal.interactive) return;
      const key = `${progress.epoch} ${progress.phase}`;
      const values = {
        epoch: progress.epoch,
        epochs: progress.epochs,
        phase: progress.phase === 'training' ? '' : 'evaluating ',
        rate: grouped(progress.imagesPerSecond),
        loss: progress.loss.toFixed(4),
        accuracy: percent(progress.accuracy),
        left: duration((progress.total - progress.done) / Math.max(1, progress.imagesPerSecond)),
      };
      if (bar !== undefined && key === shown) {
        bar.update(progress.done, values);
        return;
      }
      end();
      shown = key;
      bar = new cliProgress.SingleBar({
        // What may be cut off on a narrow terminal comes last.
        format:
          'epoch {epoch}/{epochs} {phase}[{bar}] {percentage}%  {left} left  {rate} images/s  loss {loss}  accuracy {accuracy}',
        barsize: Math.max(10, Math.min(40, process.stdout.columns - 85)),
        clearOnComplete: true,
        hideCursor: true,
        fps: 8,
      });
      bar.start(progress.total, progress.done, values);
    },
    end,
  };
}
