/** What is told of a training: its epochs and its summary. */
import type { EpochRecord, TrainSummary } from '../index.js';
import { counted, duration, grouped, percent, type Terminal } from './terminal.js';

export function tellEpoch(terminal: Terminal, record: EpochRecord): void {
  terminal.record({ type: 'epoch', ...record });
  const { epoch, train, test, imagesPerSecond, seconds } = record;
  terminal.line(
    `epoch ${String(epoch).padStart(2)}  loss ${train.loss.toFixed(4)}  accuracy ${percent(train.accuracy)}` +
      `  test loss ${test?.loss.toFixed(4) ?? '-'}  test accuracy ${test === undefined ? '-' : percent(test.accuracy)}` +
      `  ${grouped(imagesPerSecond)} images/s  ${duration(seconds)}`,
  );
}

export function tellSummary(terminal: Terminal, summary: TrainSummary, folder: string): void {
  terminal.record({ type: 'summary', ...summary });
  if (summary.stopped !== undefined) terminal.line(`stopped: ${summary.stopped}`);
  if (summary.restoredEpoch !== undefined)
    terminal.line(`weights and scores are those of epoch ${summary.restoredEpoch}, the best`);
  const { target } = summary;
  const verdict =
    target === undefined
      ? ''
      : target.reached
        ? ` (target ${percent(target.accuracy)} reached)`
        : ` (target ${percent(target.accuracy)} NOT reached)`;
  terminal.line(
    `test accuracy ${percent(summary.test.accuracy)}${verdict} after ${counted(summary.epochs, 'epoch')} in ${duration(summary.seconds)}, ` +
      `${grouped(summary.imagesPerSecond)} images/s`,
  );
  if (summary.advice !== undefined) terminal.line(summary.advice);
  terminal.line(`model, metrics and checkpoints: ${folder}`);
}
