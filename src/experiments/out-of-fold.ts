import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { csvField } from '../base/csv.js';
import { classScores, probabilities } from '../models/index.js';
import type { RuntimeOptions } from '../runtime/index.js';
import { evaluateSplit, openRunRuntime } from '../training/index.js';

/** Name of the file of a fold's predictions. */
const name = 'out-of-fold.csv';

/**
 * Writes what a fold's run predicts for the samples that it was not trained on: `out-of-fold.csv` in its folder, a line a
 * sample with its place in the training split, its file where it has one, fold, class, predicted class, and a probability a
 * class. A file that is there is kept.
 */
export async function writeOutOfFold(
  folder: string,
  fold: number,
  opening: Omit<RuntimeOptions, 'config' | 'model' | 'weights'>,
): Promise<void> {
  const file = join(folder, name);
  if ((await readFile(file, 'utf8').catch(() => '')) !== '') return;
  const runtime = await openRunRuntime({ ...opening, run: folder, trustCode: true });
  try {
    const { datasets, coordinator, arena, layout, evaluationSlots: slots, spec } = runtime;
    const held = datasets.validation;
    if (held === undefined || held.targets.kind !== 'classes') return;
    const { labels } = held.targets;
    const { classes, count, store } = held;
    const paths = store.kind === 'files' ? store.paths : store.names;
    const width = layout.outputLength;
    const outputs = new Float32Array(count * width);
    const stage = runtime.evaluationStage(held);
    await evaluateSplit({
      ...{ stage, coordinator, arena, layout, slots, count },
      onOutputs: (values, { position }) => outputs.set(values, position * width),
      ...(opening.signal && { signal: opening.signal }),
    }).finally(() => stage.close());
    const { scores, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes: classes.length });
    // Of files some may have been left out as damaged: their places are no longer known, their paths are.
    const places = datasets.validationIndices?.length === count ? datasets.validationIndices : undefined;
    const lines = Array.from({ length: count }, (_, sample) => {
      const row = scores.subarray(sample * classes.length, (sample + 1) * classes.length);
      const shares = probabilities(row, fromLogits);
      const predicted = shares.indexOf(Math.max(...shares));
      // A line a sample, whatever is in its name.
      const path = (paths?.[sample] ?? '').replace(/[\r\n]/g, ' ');
      const names = [path, String(fold), classes[labels[sample] ?? 0] ?? '', classes[predicted] ?? ''];
      return [String(places?.[sample] ?? ''), ...names.map(csvField), ...shares.map(String)].join(',');
    });
    const head = ['sample', 'file', 'fold', 'class', 'predicted', ...classes.map((each) => csvField(`p(${each})`))];
    await writeFileAtomic(file, [`${[head.join(','), ...lines].join('\n')}\n`]);
  } finally {
    await runtime.close();
  }
}

/** Joins the folds' predictions in the order of the samples. @returns the file. */
export async function joinOutOfFold(folder: string, folds: readonly string[]): Promise<string> {
  const parts = await Promise.all(folds.map((fold) => readFile(join(fold, name), 'utf8')));
  const [head = ''] = parts[0]?.split('\n') ?? [];
  const lines = parts.flatMap((part) => part.split('\n').slice(1).filter(Boolean));
  const place = (line: string): number => Number(line.slice(0, line.indexOf(',')));
  const file = join(folder, name);
  await writeFileAtomic(file, [`${[head, ...lines.sort((a, b) => place(a) - place(b))].join('\n')}\n`]);
  return file;
}
