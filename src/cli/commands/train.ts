import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ConfigInput } from '../../api/config.js';
import { combinationError, valueError } from '../../api/errors.js';
import { launchedRank } from '../../api/process.js';
import type { LiveRun } from '../../index.js';
import { configOfFlags } from '../config-layers.js';
import { crossValidateHere } from '../cross-validation.js';
import { defineCommand } from '../define.js';
import { createBars } from '../epoch-bars.js';
import { launch, machinesOf } from '../hosts/options.js';
import type { Flags } from '../options.js';
import { dataProgress } from '../progress.js';
import { runName } from '../run-name.js';
import { onFirstSignal } from '../signals.js';
import { rateMoves, tellEpoch, tellPhase, tellSummary } from '../tell-training.js';
import { counted, grouped, type Terminal } from '../terminal.js';
import { trainOptions } from '../train-options.js';

export const train = defineCommand({
  name: 'train',
  description: 'Train a network on every core. Without options: the embedded shapes, in under a minute.',
  alsoCalled: ['fit', 'run'],
  onRanks: true,
  options: trainOptions,
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
    crossValidate: folds,
    ...given
  }: Flags<typeof trainOptions>,
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
  if (folds !== undefined) {
    const others = { hosts, hostfile, resume, dashboard: wantsDashboard, dashboardPort, tensorboard: wantsTensorBoard };
    refuseBeside('--cross-validate', { ...others, histograms: wantsHistograms, trace: traceFile });
    const place = out ?? join('runs', `${runName(config)}-${folds}-folds`);
    return crossValidateHere({ config, folds, out: place, dataDir }, terminal);
  }
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

/** Refuses flags that mean one run, beside one that trains several. */
function refuseBeside(flag: string, others: Readonly<Record<string, unknown>>): void {
  if (launchedRank() !== undefined) throw combinationError(flag, 'excludes', 'mpirun: it trains on one machine');
  const given = Object.keys(others).find((name) => others[name] !== undefined);
  if (given === undefined) return;
  const name = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw combinationError(flag, 'excludes', `--${name}, which is of one run`);
}
