/** Prints a training: its epochs and its summary. */
import type { EpochRecord, ModelSummary, RunConfig, TrainSummary } from '../index.js';
import { counted, duration, grouped, percent, type Terminal } from './terminal.js';

/** @param moving whether the learning rate is told: where it is not the same in all epochs. */
export function tellEpoch(terminal: Terminal, record: EpochRecord, moving: boolean): void {
  terminal.record({ type: 'epoch', ...record });
  const { epoch, train, test, imagesPerSecond, seconds, learningRate } = record;
  // Of boxes and of rebuilt images nothing is right or wrong: their accuracy is 0.
  const judged = train.accuracy > 0 || (test?.accuracy ?? 0) > 0;
  const testAccuracy = test === undefined ? '-' : percent(test.accuracy);
  terminal.line(
    `epoch ${String(epoch).padStart(2)}  loss ${train.loss.toFixed(4)}${judged ? `  accuracy ${percent(train.accuracy)}` : ''}` +
      `  test loss ${test?.loss.toFixed(4) ?? '-'}${judged ? `  test accuracy ${testAccuracy}` : ''}` +
      metricsInWords(record) +
      `${moving ? `  rate ${rateInWords(learningRate)}` : ''}  ${grouped(imagesPerSecond)} images/s  ${duration(seconds)}`,
  );
}

/** `  validation f1 0.9131`: metrics of the validation split where there is one, else of the test split. */
function metricsInWords({ validation, test }: EpochRecord): string {
  const { loss: _, accuracy: __, ...metrics } = validation ?? test ?? { loss: 0, accuracy: 0 };
  const shown = Object.entries(metrics).map(([name, value]) => `  ${name} ${value?.toFixed(4) ?? '-'}`);
  return shown.length === 0 ? '' : `  ${validation === undefined ? 'test' : 'validation'}${shown.join('').slice(1)}`;
}

export function tellSummary(terminal: Terminal, summary: TrainSummary, folder: string): void {
  terminal.record({ type: 'summary', ...summary });
  if (summary.stopped !== undefined) terminal.line(`stopped: ${summary.stopped}`);
  if (summary.restoredEpoch !== undefined)
    terminal.line(`weights and scores are those of epoch ${summary.restoredEpoch}, the best`);
  const { target } = summary;
  const aim =
    target === undefined ? '' : 'accuracy' in target ? percent(target.accuracy) : `${target.monitor} ${target.value}`;
  const verdict = target === undefined ? '' : ` (target ${aim} ${target.reached ? 'reached' : 'NOT reached'})`;
  terminal.line(
    `test ${mainScore(summary)}${verdict} after ${counted(summary.epochs, 'epoch')} in ${duration(summary.seconds)}, ` +
      `${grouped(summary.imagesPerSecond)} images/s`,
  );
  if (summary.advice !== undefined) terminal.line(summary.advice);
  terminal.line(`model, metrics and checkpoints: ${folder}`);
}

/** What a run is judged by: the score of its task, else its accuracy; of rebuilt images the loss. */
function mainScore({ test, train }: TrainSummary): string {
  const { 'mean-iou': iou, map } = test as { readonly 'mean-iou'?: number; readonly map?: number };
  if (iou !== undefined) return `mean-iou ${iou.toFixed(4)}`;
  if (map !== undefined) return `map ${map.toFixed(4)}`;
  return test.accuracy > 0 || train.accuracy > 0
    ? `accuracy ${percent(test.accuracy)}`
    : `loss ${test.loss.toFixed(4)}`;
}

/** `0.000123`, `1.5e-5`: three digits, small rates by their power of ten. */
function rateInWords(rate: number): string {
  const rounded = Number(rate.toPrecision(3));
  return rounded > 0 && rounded < 1e-4 ? rounded.toExponential() : String(rounded);
}

/** Whether the learning rate differs between epochs or within them. */
export function rateMoves({ schedule, phases }: RunConfig): boolean {
  return schedule.name !== 'constant' || schedule.warmup !== undefined || phases !== undefined;
}

/**
 * Tells which phase begins: what trains, at which rate.
 *
 * @param epoch epochs done.
 * @param config the phase's own.
 */
export function tellPhase(
  terminal: Terminal,
  { config, epoch, summary }: { readonly config: RunConfig; readonly epoch: number; readonly summary: ModelSummary },
): void {
  const { phases, freeze = 'base', schedule, learningRate = 0 } = config;
  if (phases === undefined) return;
  let end = 0;
  const place = phases.findIndex((phase) => {
    end += phase.epochs;
    return epoch < end;
  });
  const { parameters, trainableParameters } = summary;
  const frozen = parameters - trainableParameters;
  const what =
    freeze === 'none'
      ? 'all layers'
      : freeze === 'base'
        ? 'the head'
        : `the layers after ${freeze.replace(/^until:/, '')}`;
  terminal.record({
    type: 'phase',
    phase: place + 1,
    of: phases.length,
    freeze,
    learningRate,
    trainableParameters,
    frozen,
  });
  const scheduled = schedule.name === 'constant' ? '' : `, schedule ${schedule.name}`;
  terminal.line(
    `phase ${place + 1} of ${phases.length}: ${what}, rate ${rateInWords(learningRate)}${scheduled}; ` +
      `${grouped(trainableParameters)} parameters train, ${grouped(frozen)} are frozen`,
  );
}
