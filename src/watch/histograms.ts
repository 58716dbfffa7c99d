import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../base/atomic-file.js';
import { readJsonLines } from '../base/json-lines.js';
import { readWeights } from '../coordinator/index.js';
import { slotNames } from '../memory/index.js';
import type { Runtime } from '../runtime/index.js';
import type { Watcher } from '../training/index.js';
import { type HistogramLine, histogramOf } from './histogram.js';

const name = 'histograms.jsonl';

/** Histograms of the present weights, and of the gradients that the first shard's last batch has left. */
export function histogramLine({ arena, layout }: Runtime, epoch: number): HistogramLine {
  const weights = readWeights(arena, layout);
  const slot = arena.slot(slotNames.gradients(0));
  const gradients: Record<string, ReturnType<typeof histogramOf>> = {};
  const shared = new Set(layout.factors.map(({ index }) => index));
  for (const [index, { name: own, trainable, offset, length }] of layout.parameters.entries()) {
    // Of a large dense kernel no shard writes the gradient.
    if (trainable && !shared.has(index)) gradients[own] = histogramOf(arena.float32(slot, offset, length));
  }
  const named = weights.map((values, index) => [layout.parameters[index]?.name ?? '', histogramOf(values)] as const);
  return { epoch, weights: Object.fromEntries(named), gradients };
}

/** Writes a line of histograms into a run's folder after every epoch. */
export function histogramRecorder(folder: string): Watcher {
  let runtime: Runtime | undefined;
  return {
    onStart: (own) => {
      runtime = own;
    },
    async onEpochEnd({ epoch }) {
      if (runtime === undefined) return;
      const file = join(folder, name);
      await appendFile(file, `${JSON.stringify(histogramLine(runtime, epoch))}\n`).catch((error: unknown) => {
        throw diskError(file, error);
      });
    },
  };
}

/** Histograms of a run, one line an epoch; of an epoch that was done again, the last. */
export async function readHistograms(folder: string): Promise<HistogramLine[]> {
  const byEpoch = new Map<number, HistogramLine>();
  for (const line of await readJsonLines<HistogramLine>(join(folder, name))) byEpoch.set(line.epoch, line);
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}
