import { epochScores, namedScore, scoreInWords } from '../../base/epoch-scores.js';
import type { RunReport } from '../types.js';
import { duration, h, percent, section, shown } from './dom.js';

/** A figure with what it is. */
export function tile(name: string, value: string, note = ''): HTMLElement {
  return h(
    'div',
    { class: 'tile' },
    h('dt', {}, name),
    h('dd', {}, h('span', { class: 'value' }, value), note === '' ? null : h('span', { class: 'note' }, note)),
  );
}

/** The figures that matter, and what a person should know of the run. */
export function overviewView(run: RunReport): HTMLElement {
  const { history, evaluation, network, summary, config, notes } = run;
  const last = history.at(-1);
  const best = history.reduce((most, record) => Math.max(most, record.test?.accuracy ?? 0), 0);
  // Boxes and rebuilt images have no accuracy; the score of their task stands in its place.
  const [score = ''] = epochScores(history);
  const latest = namedScore(last?.test, score);
  const bestEpoch = history.find((record) => record.test?.accuracy === best)?.epoch ?? 0;
  const [first = scoreInWords(score), accuracy = latest] = evaluation?.overall[0] ?? [];
  const seconds =
    (summary?.['seconds'] as number | undefined) ?? history.reduce((sum, record) => sum + record.seconds, 0);
  const target = summary?.['target'] as Target | undefined;
  const tiles = [
    accuracy === undefined
      ? null
      : tile(
          first === 'accuracy' ? 'Test accuracy' : first.charAt(0).toUpperCase() + first.slice(1),
          share(first) ? percent(accuracy) : shown(accuracy),
          target === undefined ? '' : `${targetInWords(target)} ${target.reached ? 'reached' : 'not reached'}`,
        ),
    ...(evaluation?.overall ?? [])
      .slice(1)
      .map(([name, value]) =>
        tile(name.charAt(0).toUpperCase() + name.slice(1), share(name) ? percent(value) : shown(value)),
      ),
    best > 0 ? tile('Best accuracy', percent(best), `epoch ${bestEpoch}`) : null,
    tile('Epochs', String(history.length), `of ${String(config['epochs'] ?? '?')}`),
    tile('Time', duration(seconds), last === undefined ? '' : `${shown(Math.round(last.imagesPerSecond))} images/s`),
    network === undefined
      ? null
      : tile('Parameters', shown(network.parameters), `${millions(network.multiplyAdds)} multiply-adds an image`),
    evaluation?.calibration === undefined
      ? null
      : tile('Calibration error', percent(evaluation.calibration.error), 'mean gap between confidence and accuracy'),
  ];
  const advice = [
    ...(typeof summary?.['stopped'] === 'string' ? [`Stopped: ${summary['stopped']}.`] : []),
    ...(typeof summary?.['advice'] === 'string' ? [`${summary['advice']}.`] : []),
    ...notes,
  ];
  return h(
    'div',
    {},
    section('In short', undefined, h('dl', { class: 'tiles' }, tiles)),
    advice.length === 0
      ? null
      : h(
          'ul',
          { class: 'notes' },
          advice.map((note) => h('li', { dir: 'auto' }, note)),
        ),
  );
}

/** What a run was to reach: an accuracy, or a value of a monitor. */
interface Target {
  readonly accuracy?: number;
  readonly monitor?: string;
  readonly value?: number;
  readonly reached: boolean;
}

function targetInWords({ accuracy, monitor = '', value = 0 }: Target): string {
  return accuracy === undefined ? `target ${monitor} ${shown(value)}` : `target ${percent(accuracy)}`;
}

function share(name: string): boolean {
  return /accuracy|F1|right|precision|recall|IoU|dice|^AP|^map/i.test(name);
}

function millions(count: number): string {
  return count < 1e5 ? shown(count) : `${(count / 1e6).toFixed(1)} million`;
}
