import { Command } from 'commander';
import { ConvoyError } from '../../base/errors.js';
import { decodeImageFile } from '../../images/index.js';
import { type Arena, slotNames } from '../../memory/index.js';
import { classScores, probabilities } from '../../models/index.js';
import { openRun } from '../../training/index.js';
import { integer } from '../parsers.js';
import { createTerminal, percent, table } from '../terminal.js';

interface PredictFlags {
  readonly top: number;
  readonly checkpoint?: string;
  readonly dataDir?: string;
  readonly json?: true;
}

/** The `predict` command. */
export function predictCommand(): Command {
  return new Command('predict')
    .description('The most likely classes of image files.')
    .argument('<run>', 'run folder')
    .argument('<image...>', 'image files of any size: JPEG, PNG, WebP, AVIF, TIFF, GIF')
    .option('--top <k>', 'classes to show', integer('--top'), 3)
    .option('--checkpoint <name>', 'last or best (default: the weights that the run ended with)')
    .option('--data-dir <dir>', 'the only folder to look in for the dataset')
    .option('--json', 'one JSON object a line instead of text')
    .action(predict);
}

async function predict(run: string, images: string[], flags: PredictFlags): Promise<void> {
  const terminal = createTerminal(flags.json === true);
  const runtime = await openRun({
    run,
    onNote: (note) => terminal.note(note),
    ...(flags.checkpoint === undefined ? {} : { checkpoint: flags.checkpoint }),
    ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
  });
  try {
    const { arena, layout, datasets, coordinator, spec } = runtime;
    const { classes, shape } = datasets.train;
    const slot = runtime.evaluationSlots[0] as number;
    const bad: ConvoyError[] = [];
    for (let start = 0; start < images.length; start += layout.capacity) {
      const batch: string[] = [];
      for (const file of images.slice(start, start + layout.capacity)) {
        const place = arena.uint8(
          arena.slot(slotNames.pixels(slot)),
          batch.length * layout.imageBytes,
          layout.imageBytes,
        );
        try {
          await decodeImageFile(file, shape, place);
          batch.push(file);
        } catch (error) {
          if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DATA') throw error;
          bad.push(error);
        }
      }
      if (batch.length === 0) continue;
      clearTargets(arena, slot);
      await coordinator.evaluate({ slot, count: batch.length });
      const width = layout.outputLength;
      const outputs = arena.float32(arena.slot(slotNames.outputs(slot)), 0, batch.length * width);
      const { scores, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes: classes.length });
      for (const [index, file] of batch.entries()) {
        const best = probabilities(scores.subarray(index * classes.length, (index + 1) * classes.length), fromLogits)
          .map((share, label) => ({ class: classes[label] ?? String(label), share }))
          .sort((a, b) => b.share - a.share)
          .slice(0, flags.top);
        terminal.record({ type: 'prediction', file, top: best });
        terminal.line(file);
        terminal.line(
          table(
            best.map((item) => ['', item.class, percent(item.share)]),
            new Set([2]),
          ),
        );
      }
    }
    const [first] = bad;
    if (first !== undefined) throw bad.length === 1 ? first : severalBad(bad);
  } finally {
    await runtime.close();
  }
}

/** One error for all files that cannot be decoded; the others have been predicted. */
function severalBad(bad: readonly ConvoyError[]): ConvoyError {
  const files = bad.map(({ details }) => details.file);
  return new ConvoyError('CONVOY_DATA', bad.map(({ message }) => message).join('\n'), { files });
}

/** Targets are not known: zeros are valid ones, and their loss is not shown. */
function clearTargets(arena: Arena, slot: number): void {
  const place = arena.slot(slotNames.targets(slot));
  if (place.type === 'int32') arena.int32(place).fill(0);
  else arena.float32(place).fill(0);
}
