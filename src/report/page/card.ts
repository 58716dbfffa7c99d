import type { RunReport } from '../types.js';
import { duration, h, percent, section, shown, table } from './dom.js';

/** Everything needed to do the run again, and to trust it. */
export function cardView(run: RunReport): HTMLElement {
  const { config, record = {}, summary = {}, network, evaluation, history, classes } = run;
  const versions = (record['versions'] ?? {}) as Record<string, string>;
  const machine = (record['machine'] ?? {}) as Record<string, unknown>;
  const data = (record['dataset'] ?? {}) as Record<string, unknown>;
  const image = record['image'] as { height: number; width: number; channels: number } | undefined;
  const preprocess = record['preprocess'] as { scale: number[]; offset: number[] } | undefined;
  const rows = (pairs: readonly (readonly [string, unknown])[]): HTMLElement =>
    table({
      head: ['', 'value'],
      rows: pairs.flatMap(([name, value]) =>
        value === undefined || value === null || value === '' ? [] : [[name, text(value)]],
      ),
    });
  return h(
    'div',
    {},
    section(
      'Model card',
      'What was trained, on which data, with which program and machine, and what came of it (Mitchell et al. 2019).',
      h(
        'div',
        { class: 'grid two' },
        card(
          'Model',
          rows([
            ['network', network?.name ?? summary['model']],
            ['parameters', network?.parameters],
            ['trainable parameters', network?.trainableParameters],
            ['input', image === undefined ? undefined : `${image.height} × ${image.width} × ${image.channels}`],
            [
              'preprocessing',
              preprocess === undefined
                ? undefined
                : `pixel × ${preprocess.scale.map(shown).join(', ')} + ${preprocess.offset.map(shown).join(', ')}`,
            ],
            ['classes', classes.length <= 20 ? classes.join(', ') : `${classes.length}`],
            ['SHA-256 of the weights', summary['weightsSha256']],
          ]),
        ),
        card(
          'Data',
          rows([
            ['dataset', data['name'] ?? config['dataset']],
            ['fingerprint of the training images', data['train']],
            ['fingerprint of the test images', data['test']],
            ['evaluated images', evaluation?.count],
            ['images left out', summary['skippedImages']],
          ]),
        ),
        card(
          'Results',
          rows([
            ...(evaluation?.overall ?? []),
            ['epochs', history.length],
            ['time', typeof summary['seconds'] === 'number' ? duration(summary['seconds']) : undefined],
            ['waiting for data', typeof summary['dataWait'] === 'number' ? percent(summary['dataWait']) : undefined],
            ['stopped', summary['stopped']],
          ]),
        ),
        card(
          'Program and machine',
          rows([
            ['command', record['command']],
            ...Object.entries(versions).map(([name, version]) => [name, version] as const),
            ...Object.entries(machine),
            ['workers', summary['workers']],
            ['shards', summary['shards']],
            ['engine', summary['engine']],
            ['precision', summary['precision'] ?? config['precision']],
          ]),
        ),
      ),
    ),
    section(
      'Configuration',
      'Every option, defaults filled in.',
      table(
        { head: ['option', 'value'], rows: Object.entries(config).map(([name, value]) => [name, text(value)]) },
        { caption: 'Configuration' },
      ),
    ),
  );
}

function card(title: string, content: HTMLElement): HTMLElement {
  return h('div', { class: 'card' }, h('h3', {}, title), content);
}

export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return shown(value);
  return JSON.stringify(value);
}
