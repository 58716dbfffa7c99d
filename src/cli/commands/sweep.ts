import { join } from 'node:path';
import { combinationError } from '../../api/errors.js';
import { launchedRank } from '../../api/process.js';
import type { SweepFile, SweepResult } from '../../index.js';
import { configOfFlags } from '../config-layers.js';
import { defineCommand } from '../define.js';
import { createBars } from '../epoch-bars.js';
import { argument, option } from '../options.js';
import { integer, keyValues } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { runName } from '../run-name.js';
import { onFirstSignal } from '../signals.js';
import { gridList, rangeOf } from '../sweep-parsers.js';
import { rateMoves, tellEpoch } from '../tell-training.js';
import { counted, type Terminal, table } from '../terminal.js';
import { configOptions } from '../train-options.js';

export const sweep = defineCommand({
  name: 'sweep',
  description: 'Trains many configurations and compares them: grids, random draws, successive halving.',
  alsoCalled: ['search', 'hpo', 'hyperparameters', 'optimize', 'grid-search'],
  arguments: [argument('[file]', 'a search space in JSON: grid, ranges, random, halving, recipe, config')],
  options: [
    option('--grid <name=value,...>', 'values of an option, once for each option: --grid lr=0.1,0.01', {
      parse: gridList,
    }),
    option(
      '--range <name=min..max>',
      'numbers to draw from: --range lr=1e-4..0.1:log, batch-size=16..128:log,integer',
      {
        parse: rangeOf,
      },
    ),
    option('--random <n>', 'draw N trials from lists and ranges (default: every combination of the lists)', {
      parse: integer(),
      alsoCalled: ['--trials', '--n-trials'],
    }),
    option('--halving <key=value,...>', 'epochs=1,factor=3: all train 1 epoch, the best third 3, its best third 9...', {
      parse: keyValues('as epochs=1,factor=3'),
      alsoCalled: ['--asha', '--pruner'],
    }),
    option('--out <dir>', 'folder for the trials (default: runs/NAME-sweep); one of the same sweep goes on', {
      alsoCalled: ['--output', '--output-dir'],
    }),
    ...configOptions,
  ],
  examples: [
    ['convoy sweep --epochs 3 --grid learning-rate=0.1,0.01 --grid batch-size=32,128', 'four trainings of the shapes'],
    [
      'convoy sweep --recipe cifar10-cnn --validation-split 0.1 --random 27 --range lr=1e-4..1:log --halving epochs=1,factor=3',
      '',
    ],
    ['convoy sweep search.json --out runs/search', 'the same again goes on where it was stopped'],
  ],
  async action(
    [file],
    { grid, range, random, halving, out, recipe, config: configFile, dataDir, phase: phases, ...given },
    terminal,
  ) {
    if (launchedRank() !== undefined)
      throw combinationError('convoy sweep', 'excludes', 'mpirun: it trains on one machine');
    const { readSweepFile, sweep: search } = await import('../../index.js');
    const found: Partial<SweepFile> = file === undefined ? {} : await readSweepFile(file);
    const flags = { ...found.config, ...given, ...(phases && { phases }) };
    const defined = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
    const config = await configOfFlags({ recipe: recipe ?? found.recipe, file: configFile, flags: defined });
    const draws = random ?? found.random;
    const space = {
      grid: { ...found.grid, ...grid },
      ranges: { ...found.ranges, ...range },
      ...(draws === undefined ? {} : { random: draws }),
    };
    const place = out ?? join('runs', `${runName(config)}-sweep`);
    const bars = createBars(terminal);
    const data = dataProgress(terminal);
    const interruption = onFirstSignal(() => {
      bars.end();
      terminal.note('stopping after this step; again to stop at once');
    });
    let moving = false;
    try {
      const result = await search({
        ...{ config, space, out: place, halving: halving ?? found.halving },
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
        onTrial: (trial, parameters, epochs) => {
          terminal.record({ type: 'trial', trial, parameters, epochs });
          const shown = Object.entries(parameters).map(([name, value]) => `${name}=${text(value)}`);
          terminal.line(`trial ${trial} to epoch ${epochs}: ${shown.join(' ')}`);
        },
        onEpoch: (record) => {
          bars.end();
          tellEpoch(terminal, record, moving);
        },
      });
      tellTrials(terminal, result, place);
    } finally {
      data.end();
      bars.end();
      interruption.end();
    }
  },
});

/** As it is typed: `adam`, `sgd:momentum=0.9`. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('name' in value)) return JSON.stringify(value);
  const { name, ...options } = value;
  const pairs = Object.entries(options).map(([key, option]) => `${key}=${text(option)}`);
  return pairs.length === 0 ? String(name) : `${String(name)}:${pairs.join(',')}`;
}

/** A row a trial, best first. */
function tellTrials(terminal: Terminal, { monitor, trials, files }: SweepResult, out: string): void {
  terminal.record({ type: 'sweep', monitor, trials });
  const names = [...new Set(trials.flatMap(({ parameters }) => Object.keys(parameters)))];
  const rows = trials.map(({ trial, parameters, epochs, score, failed }) => [
    String(trial),
    ...names.map((name) => (parameters[name] === undefined ? '' : text(parameters[name]))),
    String(epochs),
    score === null ? (failed === undefined ? '-' : 'diverged') : score.toFixed(4),
  ]);
  const numbers = new Set(Array.from({ length: names.length + 3 }, (_, index) => index));
  terminal.line(table([['trial', ...names, 'epochs', monitor], ...rows], numbers));
  const [best] = trials;
  if (best?.score !== null && best !== undefined)
    terminal.line(`best of ${counted(trials.length, 'trial')}: ${join(out, `trial-${best.trial}`)}`);
  terminal.line(`written: ${files.join(', ')}`);
}
