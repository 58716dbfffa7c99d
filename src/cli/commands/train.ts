import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import cliProgress from 'cli-progress';
import { Command } from 'commander';
import { parseAugment } from '../../../augment/spec/index.js';
import { optionError } from '../../base/errors.js';
import type { EpochRecord } from '../../callbacks/index.js';
import { type ConfigInput, precisions, recipeNames } from '../../config/index.js';
import { makeNumberedFolder } from '../../run/index.js';
import { type Progress, Trace, Trainer, type TrainSummary } from '../../training/index.js';
import { configOfFlags } from '../config-layers.js';
import { classList, imageSize, integer, integerOrAuto, mixing, named, notNegative, oneOf, phase, positive } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { onFirstSignal } from '../signals.js';
import { counted, createTerminal, duration, grouped, percent, type Terminal } from '../terminal.js';

/** Flags as commander gives them. */
interface TrainFlags extends ConfigInput {
  readonly config?: string;
  readonly phase?: ConfigInput['phases'];
  readonly dataDir?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly trace?: string;
  readonly json?: true;
}

/** The `train` command. */
export async function trainCommand(): Promise<Command> {
  return new Command('train')
    .description('Train a network on every core. Without options: the embedded shapes, in under a minute.')
    .option('--recipe <name>', `start from a recipe: ${(await recipeNames()).join(', ')}`)
    .option('--config <file>', 'a JSON file of options, stronger than the recipe')
    .option('--dataset <name|path>', 'a catalog name (see: data list), a folder or a tar of images')
    .option('--data-dir <dir>', 'where to look for datasets first (else $CONVOY_DATA, system, cache, download)')
    .option(
      '--model <name[:key=value,...]|file>',
      'the network and its options (see: model list), or a model file',
      named('--model'),
    )
    .option('--base <name|run|file>', 'instead of a model: a trained one that gets a new head', named('--base'))
    .option('--weights <source>', 'imagenet (of a base), a weights file, or for a base run: last or best')
    .option('--freeze <part>', 'what of the base stays as it is: base (the default), until:LAYER or none')
    .option('--head <layers>', "the base's new classifier, as 256,dropout:0.5 (default: only the last layer is new)")
    .option(
      '--phase <epochs[:key=value,...]>',
      'of a base, once for each: 5 --phase 10:freeze=none,learningRate=0.001',
      phase,
    )
    .option('--epochs <n>', 'passes over the training samples', integer('--epochs'))
    .option('--batch-size <n>', 'samples of a whole step, all workers together', integer('--batch-size'))
    .option('--learning-rate <x>', "default: the optimizer's own", positive('--learning-rate'))
    .option('--optimizer <name[:key=value,...]>', 'sgd, adam, adamw, rmsprop, ...', named('--optimizer'))
    .option('--schedule <name[:key=value,...]>', 'constant, step, cosine, oneCycle, ...', named('--schedule'))
    .option('--loss <name[:key=value,...]>', 'crossEntropy, focal, meanSquaredError, ...', named('--loss'))
    .option('--workers <n|auto>', 'worker threads', integerOrAuto('--workers'))
    .option(
      '--shards <n>',
      'parts of a batch; equal seed and shards give equal bits (default: workers)',
      integer('--shards'),
    )
    .option(
      '--precision <p>',
      'float32, bfloat16, or auto: bfloat16 where the processor has it',
      oneOf('--precision', precisions),
    )
    .option('--force-precision', 'round to bfloat16 even where the processor has none and float32 is faster')
    .option('--engine <name>', 'auto, compiled or eager', oneOf('--engine', ['auto', 'compiled', 'eager']))
    .option('--seed <n>', 'decides every random choice', integer('--seed', 0))
    .option('--classes <list>', 'only these classes, as cat,dog or by their places from 0', classList)
    .option('--limit <n>', 'first N training samples only', integer('--limit'))
    .option('--augment <list>', 'flip,crop,rotate,... with parameters as crop:4, or none', parseAugment)
    .option('--mix <list>', 'mixup=ALPHA,cutmix=ALPHA: batches mixed while training', mixing)
    .option('--test-time-flip', 'evaluate images and their mirror images, and take the mean of the outputs')
    .option('--augment-workers <n|auto>', 'threads that transform images', integerOrAuto('--augment-workers'))
    .option(
      '--worker-timeout-minutes <n>',
      'end the run when no thread has answered for so long; 0: never (default: 30)',
      notNegative('--worker-timeout-minutes'),
    )
    .option('--image-size <n|HxW>', 'size that files of images are brought to', imageSize)
    .option('--on-bad-image <what>', 'fail or skip', oneOf('--on-bad-image', ['fail', 'skip']))
    .option('--out <dir>', 'folder for the run (default: runs/NAME-N)')
    .option('--resume <run>', 'go on with a run folder from its last checkpoint')
    .option('--trace <file>', "a timeline of the run's phases for chrome://tracing or Perfetto")
    .option('--json', 'one JSON object a line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  convoy train                                        ten kinds of drawn shapes, no download
  convoy train --recipe cifar10-cnn --data-dir DATA   CIFAR-10, as binary files or JPEG images
  convoy train --dataset photos/ --model resnet18 --augment resizedCrop,flip
  convoy train --recipe cifar10-cnn --optimizer adamw:weightDecay=0.05 --schedule cosine
  convoy train --dataset photos/ --image-size 224 --base resnet50 --weights imagenet --head 256,dropout:0.5
  convoy train --resume runs/cifar10-cnn-1            after Ctrl-C, a crash, or for --epochs 20`,
    )
    .action(async (flags: TrainFlags) => {
      await train(flags);
    });
}

async function train({
  config: file,
  phase: phases,
  dataDir,
  out,
  resume,
  json,
  recipe,
  trace: traceFile,
  ...given
}: TrainFlags): Promise<void> {
  const terminal = createTerminal(json === true);
  const flags = { ...given, ...(phases === undefined ? {} : { phases }) };
  if (resume !== undefined) {
    for (const [flag, value] of Object.entries({ '--recipe': recipe, '--config': file, '--out': out })) {
      if (value !== undefined)
        throw optionError(flag, 'nothing together with --resume, which goes on with the run as it is,', value);
    }
  }
  // Known before the run, not after hours of it.
  if (traceFile !== undefined && !existsSync(dirname(traceFile)))
    throw optionError('--trace', 'a file in a folder that exists', traceFile);
  const config = resume === undefined ? await configOfFlags({ recipe, file, flags }) : flags;
  const numbered = (resume ?? out) === undefined ? await makeNumberedFolder('runs', runName(config)) : undefined;
  const folder = resume ?? out ?? numbered?.path ?? '';

  const interruption = onFirstSignal(() => {
    bars.end();
    terminal.note('stopping after this step; again to stop at once');
  });
  const bars = createBars(terminal);
  const data = dataProgress(terminal);
  const trace = traceFile === undefined ? undefined : new Trace();
  try {
    const trainer = new Trainer({
      config,
      ...(resume === undefined ? { out: folder } : { resume }),
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(trace === undefined ? {} : { trace }),
      signal: interruption.signal,
      onNote: (note) => terminal.note(note),
      onProgress: data.update,
      onBatch: (progress) => {
        if (!interruption.signal.aborted) bars.update(progress);
      },
      onStart: (runtime, state) => {
        data.end();
        const { config: used, datasets, workers, shards, engine, layout } = runtime;
        const parameters = layout.parameters.reduce((sum, { length }) => sum + length, 0);
        terminal.record({ type: 'start', run: folder, config: used, workers, shards, engine, parameters });
        terminal.line(
          `${used.model.name} (${grouped(parameters)} parameters) on ${datasets.train.name}: ` +
            `${grouped(datasets.train.count)} training and ${grouped(datasets.test.count)} test images`,
        );
        terminal.line(
          `${counted(workers, 'worker')}, ${counted(shards, 'shard')}, ${engine} engine, ${used.precision}; run folder ${folder}`,
        );
        if (state.step > 0) terminal.line(`going on in epoch ${state.epoch + 1} after step ${state.step}`);
      },
    });
    const epochs = trainer.run();
    for (;;) {
      const next = await epochs.next();
      bars.end();
      if (next.done) {
        tellSummary(terminal, next.value, folder);
        break;
      }
      tellEpoch(terminal, next.value);
    }
  } finally {
    data.end();
    bars.end();
    interruption.end();
    await numbered?.discardEmpty();
    if (traceFile !== undefined) await trace?.write(traceFile);
  }
}

/** Name of a run's folder: its recipe, or its data and network. */
function runName({ recipe, dataset, model }: ConfigInput): string {
  const lastPart = (path: string | undefined): string | undefined => path?.split('/').filter(Boolean).at(-1);
  return recipe ?? `${lastPart(dataset) ?? 'run'}-${lastPart(model?.name) ?? 'model'}`;
}

function tellEpoch(terminal: Terminal, record: EpochRecord): void {
  terminal.record({ type: 'epoch', ...record });
  const { epoch, train, test, imagesPerSecond, seconds } = record;
  terminal.line(
    `epoch ${String(epoch).padStart(2)}  loss ${train.loss.toFixed(4)}  accuracy ${percent(train.accuracy)}` +
      `  test loss ${test?.loss.toFixed(4) ?? '-'}  test accuracy ${test === undefined ? '-' : percent(test.accuracy)}` +
      `  ${grouped(imagesPerSecond)} images/s  ${duration(seconds)}`,
  );
}

function tellSummary(terminal: Terminal, summary: TrainSummary, folder: string): void {
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

/** A bar for the epoch under way, where somebody watches. */
function createBars(terminal: Terminal): { update(progress: Progress): void; end(): void } {
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
