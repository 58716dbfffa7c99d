/** `convoy train --cross-validate K`. */
import type { ConfigInput } from '../api/config.js';
import type { CrossValidation } from '../index.js';
import { createBars } from './epoch-bars.js';
import { dataProgress } from './progress.js';
import { onFirstSignal } from './signals.js';
import { rateMoves, tellEpoch } from './tell-training.js';
import { percent, type Terminal, table } from './terminal.js';

export interface CrossValidationFlags {
  readonly config: ConfigInput;
  readonly folds: number;
  readonly out: string;
  readonly dataDir?: string | undefined;
}

/** Trains all folds and prints their table. */
export async function crossValidateHere(flags: CrossValidationFlags, terminal: Terminal): Promise<void> {
  const { config, folds, out, dataDir } = flags;
  const { crossValidate } = await import('../index.js');
  const bars = createBars(terminal);
  const data = dataProgress(terminal);
  const interruption = onFirstSignal(() => {
    bars.end();
    terminal.note('stopping after this step; again to stop at once');
  });
  let moving = false;
  try {
    const result = await crossValidate({
      config,
      folds,
      out,
      ...(dataDir === undefined ? {} : { dataDir }),
      signal: interruption.signal,
      onNote: (note) => terminal.note(note),
      onProgress: data.update,
      onBatch: (progress) => {
        if (!interruption.signal.aborted) bars.update(progress);
      },
      onStart: (runtime) => {
        data.end();
        moving = rateMoves(runtime.config);
      },
      onFold: (fold) => {
        terminal.record({ type: 'fold', fold, of: folds });
        terminal.line(`fold ${fold} of ${folds}`);
      },
      onEpoch: (record) => {
        bars.end();
        tellEpoch(terminal, record, moving);
      },
    });
    tellFolds(terminal, result);
  } finally {
    data.end();
    bars.end();
    interruption.end();
  }
}

/** A row a fold, then mean and sample standard deviation. */
function tellFolds(terminal: Terminal, { folds, spread, files }: CrossValidation): void {
  terminal.record({ type: 'cross-validation', folds, spread });
  const names = Object.keys(spread);
  const cell = (name: string, value: number | null | undefined): string => {
    if (value === null || value === undefined || Number.isNaN(value)) return '-';
    return name.endsWith('.accuracy') ? percent(value) : value.toFixed(4);
  };
  const rows = folds.map((fold) => [
    String(fold.fold),
    ...names.map((name) => {
      const [split, score] = name.split('.') as ['validation' | 'test', 'loss'];
      return cell(name, fold[split][score]);
    }),
  ]);
  const mean = ['mean', ...names.map((name) => cell(name, spread[name]?.mean))];
  const deviation = ['deviation', ...names.map((name) => cell(name, spread[name]?.deviation))];
  const numbers = new Set(names.map((_, index) => index + 1));
  terminal.line(table([['fold', ...names], ...rows, mean, deviation], numbers));
  terminal.line(`written: ${files.join(', ')}`);
}
