import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type ConfigInput, schedules } from '../../api/config.js';
import { combinationError, valueError } from '../../api/errors.js';
import { launchedRank } from '../../api/process.js';
import type { LiveRun } from '../../index.js';
import { configOfFlags } from '../config-layers.js';
import { defineCommand } from '../define.js';
import { createBars } from '../epoch-bars.js';
import { clusterOptions, launch, machinesOf } from '../hosts/options.js';
import { type Flags, option } from '../options.js';
import {
  classWeights,
  integer,
  integerOrAuto,
  keyValues,
  mixing,
  named,
  namesOf,
  notNegative,
  oneOf,
  phase,
  share,
  wordList,
} from '../parsers.js';
import { dataProgress } from '../progress.js';
import * as shared from '../shared-options.js';
import { onFirstSignal } from '../signals.js';
import { rateMoves, tellEpoch, tellPhase, tellSummary } from '../tell-training.js';
import { counted, grouped, type Terminal } from '../terminal.js';

const options = [
  shared.recipe,
  shared.config,
  shared.dataset,
  shared.dataDir,
  shared.model,
  shared.base,
  shared.weights,
  shared.freeze,
  shared.head,
  option('--phase <epochs[:key=value,...]>', 'of a base, once for each: 5 --phase 10:freeze=none,learningRate=0.001', {
    parse: phase,
  }),
  option('--epochs <n>', 'passes over the training samples', {
    parse: integer(),
    alsoCalled: ['--num-epochs', '--n-epochs', '--max-epochs'],
  }),
  shared.batchSize,
  shared.learningRate,
  shared.optimizer,
  option('--schedule <name[:key=value,...]>', namesOf(schedules), {
    parse: named,
    alsoCalled: ['--scheduler', '--lr-scheduler', '--lr-schedule', '--sched'],
  }),
  shared.outputs,
  shared.loss,
  option('--class-weights <balanced|list>', 'weight of each class in crossEntropy; balanced: all count alike', {
    parse: classWeights,
    alsoCalled: ['--class-weight'],
  }),
  option(
    '--sampler <name[:key=value]>',
    'shuffle; balanced: each class as often; weighted:file=F or :classWeights=[1,2]',
    {
      parse: named,
    },
  ),
  option('--validation-split <share>', 'training samples set aside for validation, stratified by class', {
    parse: share,
    alsoCalled: ['--val-split'],
  }),
  option('--metrics <list>', 'computed besides loss and accuracy, as f1,balanced-accuracy,top-5,auc', {
    parse: wordList,
  }),
  option('--monitor <split.metric>', 'what decides the best weights, as validation.f1 (default: accuracy)'),
  option('--early-stopping <key=value,...>', 'patience=5,monitor=validation.loss: end without improvement', {
    parse: keyValues('as patience=5,monitor=validation.f1'),
    alsoCalled: ['--early-stop'],
  }),
  shared.workers,
  shared.shards,
  shared.precision,
  option('--force-precision', 'round to bfloat16 even where the processor has none and float32 is faster'),
  option('--engine <name>', 'auto, compiled or eager', { parse: oneOf(['auto', 'compiled', 'eager']) }),
  shared.seed,
  shared.task,
  shared.classes,
  shared.limit,
  shared.testLimit,
  shared.augment,
  option('--mix <list>', 'mixup=ALPHA,cutmix=ALPHA: batches mixed while training', { parse: mixing }),
  option('--exact-convolutions', 'no minimal filtering (Winograd), whose rounding errors are larger'),
  option('--test-time-flip', 'evaluate images and their mirror images, and take the mean of the outputs', {
    alsoCalled: ['--tta'],
  }),
  option('--augment-workers <n|auto>', 'threads that transform images', { parse: integerOrAuto }),
  option(
    '--worker-timeout-minutes <n>',
    'end the run when no thread has answered for so long; 0: never (default: 30)',
    {
      parse: notNegative,
    },
  ),
  shared.imageSizeOption,
  shared.columns,
  option('--on-bad-image <what>', 'fail or skip', { parse: oneOf(['fail', 'skip']) }),
  option('--out <dir>', 'folder for the run (default: runs/NAME-N)', {
    alsoCalled: ['--output', '--output-dir', '--save-dir', '--log-dir', '--save'],
  }),
  option('--resume <run>', 'go on with a run folder from its last checkpoint', { alsoCalled: ['--continue'] }),
  shared.trustCode,
  option('--intra-op-threads <n>', "TensorFlow's threads inside one op; they change the last bits (default: 1)", {
    parse: integer(),
  }),
  ...clusterOptions,
  option('--dashboard', 'a page on 127.0.0.1 that follows the run'),
  option('--dashboard-port <n>', 'its port (default: 4747, or a free one)', { parse: integer() }),
  option('--tensorboard', 'event files for TensorBoard in the run folder (see docs/report.md)', {
    alsoCalled: ['--tb', '--tensorboard-dir'],
  }),
  option('--histograms', 'record histograms of weights and gradients after each epoch, for convoy report'),
  option('--trace <file>', "a timeline of the run's phases for chrome://tracing or Perfetto"),
] as const;

export const train = defineCommand({
  name: 'train',
  description: 'Train a network on every core. Without options: the embedded shapes, in under a minute.',
  alsoCalled: ['fit', 'run'],
  onRanks: true,
  options,
  examples: [
    ['convoy train', 'ten kinds of drawn shapes, no download'],
    ['convoy train --recipe cifar10-cnn --data-dir DATA', 'CIFAR-10, as binary files or JPEG images'],
    ['convoy train --dataset photos/ --model resnet18 --augment resizedCrop,flip', ''],
    ['convoy train --recipe cifar10-cnn --optimizer adamw:weightDecay=0.05 --schedule cosine', ''],
    ['convoy train --dataset photos/ --image-size 224 --base resnet50 --weights imagenet --head 256,dropout:0.5', ''],
    ['convoy train --recipe cifar10-cnn --hosts a:2,b,c', 'two processes on machine a, one each on b and c'],
    ['convoy train --resume runs/cifar10-cnn-1', 'after Ctrl-C, a crash, or for --epochs 20'],
  ],
  action: (_, flags, terminal) => run(flags, terminal),
});

async function run(
  {
    config: file,
    phase: phases,
    dataDir,
    out,
    resume,
    recipe,
    trace: traceFile,
    dashboard: wantsDashboard,
    dashboardPort,
    tensorboard: wantsTensorBoard,
    histograms: wantsHistograms,
    trustCode,
    hosts,
    hostfile,
    restarts,
    minHosts,
    clusterTimeout,
    ...given
  }: Flags<typeof options>,
  terminal: Terminal,
): Promise<void> {
  const flags = { ...given, ...(phases === undefined ? {} : { phases }) };
  if (resume !== undefined) {
    for (const [flag, value] of Object.entries({ '--recipe': recipe, '--config': file, '--out': out })) {
      if (value !== undefined)
        throw combinationError('--resume', 'excludes', `${flag}: it goes on with the run as it is, in its own folder`);
    }
  }
  // Known before the run, not after hours of it.
  if (traceFile !== undefined && !existsSync(dirname(traceFile)))
    throw valueError('--trace', 'a file in a folder that exists', traceFile);
  // With --resume the trainer checks them, on top of the run's own.
  const config = resume === undefined ? await configOfFlags({ recipe, file, flags }) : (flags as ConfigInput);
  const machines = machinesOf({ hosts, hostfile, restarts, minHosts });
  if (machines !== undefined) return launch(machines, { name: runName(config), resume, out }, terminal);
  if (clusterTimeout !== undefined) process.env['CONVOY_CLUSTER_TIMEOUT'] = String(clusterTimeout);
  const { histogramRecorder, makeRunFolder, modelSummary, serveLiveRun, tensorBoard, Trace, Trainer } = await import(
    '../../index.js'
  );
  // Of several ranks the first writes.
  const { rank = 0, size: ranks } = launchedRank() ?? {};
  const follows = rank > 0;
  const numbered = (resume ?? out) === undefined && !follows ? await makeRunFolder(runName(config)) : undefined;
  const folder = resume ?? out ?? numbered?.path ?? '';

  const interruption = onFirstSignal(() => {
    bars.end();
    terminal.note('stopping after this step; again to stop at once');
  });
  const stopped = new AbortController();
  const live =
    (wantsDashboard || dashboardPort !== undefined) && !follows
      ? await serveLiveRun({
          run: folder,
          port: dashboardPort,
          onStop: () => {
            bars.end();
            terminal.note('stopped by the page: ending after this step');
            stopped.abort();
          },
        })
      : undefined;
  if (live !== undefined) {
    terminal.record({ type: 'dashboard', url: live.url });
    terminal.line(`dashboard: ${live.url}`);
  }
  const bars = createBars(terminal);
  const data = dataProgress(terminal);
  let moving = false;
  let started = false;
  const trace = traceFile === undefined ? undefined : new Trace();
  try {
    const trainer = new Trainer({
      config,
      ...(resume === undefined ? { out: folder } : { resume }),
      ...(trustCode === undefined ? {} : { trustCode }),
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(trace === undefined ? {} : { trace }),
      watchers: [
        ...(wantsHistograms || wantsTensorBoard || live !== undefined ? [histogramRecorder(folder)] : []),
        ...(live === undefined ? [] : [live.watcher]),
        ...(wantsTensorBoard ? [tensorBoard(join(folder, 'tensorboard'))] : []),
      ],
      signal: AbortSignal.any([interruption.signal, stopped.signal]),
      onNote: (note) => terminal.note(note),
      onProgress: data.update,
      onBatch: (progress) => {
        if (!interruption.signal.aborted) bars.update(progress);
      },
      onStart: (runtime, state) => {
        data.end();
        const { config: used, datasets, workers, shards, engine, layout } = runtime;
        const parameters = layout.parameters.reduce((sum, { length }) => sum + length, 0);
        moving = rateMoves(used);
        const summary = modelSummary(runtime.model);
        if (started) {
          tellPhase(terminal, { config: used, epoch: state.epoch, summary });
          return;
        }
        started = true;
        terminal.record({
          type: 'start',
          run: folder,
          config: used,
          ...(ranks && { ranks }),
          workers,
          shards,
          engine,
          parameters,
        });
        terminal.line(
          `${used.model.name} (${grouped(parameters)} parameters) on ${datasets.train.name}: ` +
            `${grouped(datasets.train.count)} training and ${grouped(datasets.test.count)} test images`,
        );
        terminal.line(
          `${ranks === undefined ? '' : `${ranks} ranks, each with `}${counted(workers, 'worker')}, ${counted(shards, 'shard')}, ${engine} engine, ${used.precision}; run folder ${folder}`,
        );
        if (state.step > 0) terminal.line(`going on in epoch ${state.epoch + 1} after step ${state.step}`);
        tellPhase(terminal, { config: used, epoch: state.epoch, summary });
      },
    });
    const epochs = trainer.run();
    for (;;) {
      const next = await epochs.next();
      bars.end();
      if (next.done) {
        tellSummary(terminal, next.value.summary, folder);
        if (live !== undefined && terminal.interactive) await keepServing(live, interruption.signal, folder);
        break;
      }
      tellEpoch(terminal, next.value, moving);
    }
  } finally {
    data.end();
    bars.end();
    interruption.end();
    await live?.close();
    await numbered?.discardEmpty();
    if (traceFile !== undefined && !follows) await trace?.write(traceFile);
  }
}

/** Leaves the page there after the run, with all that a report has, until Ctrl-C. */
async function keepServing(live: LiveRun, signal: AbortSignal, run: string): Promise<void> {
  const { gatherRun } = await import('../../index.js');
  process.stdout.write(`the dashboard stays at ${live.url} until Ctrl-C\n`);
  const ended = new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  const pause = setInterval(() => undefined, 60_000); // a process without anything to do would end
  try {
    live.add(await gatherRun({ run, name: basename(resolve(run)) }));
    if (!signal.aborted) await ended;
  } finally {
    clearInterval(pause);
  }
}

/** Name of a run's folder: its recipe, or its data and network. */
function runName({ recipe, dataset, model }: ConfigInput): string {
  const lastPart = (path: string | undefined): string | undefined => path?.split('/').filter(Boolean).at(-1);
  return recipe ?? `${lastPart(dataset) ?? 'run'}-${lastPart(model?.name) ?? 'model'}`;
}
