/**
 * `npm run bench`: measures convoy on this machine. `npm run bench -- NAME...` runs some of the benches,
 * `npm run bench -- report` turns the newest results into tables and charts.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/atomic-file.js';
import { choiceError } from '../src/base/errors.js';
import {
  argument,
  defineCommand,
  type Flags as FlagsOf,
  integer,
  option,
  positive,
  runProgram,
  text,
} from '../src/cli/index.js';
import { describeMachine, stolenSeconds } from './harness/machine.js';
import { insertResults, newest, resultMarkdown, resultsPage, writeCharts } from './harness/report.js';
import { type BenchResult, readResults, writeResult } from './harness/result.js';
import { type Bench, benches } from './suite/index.js';

/** Rounds long enough for steps of 200 ms, enough of them for a median. */
const standard = { seconds: 2, rounds: 5 };

/** Share of the cores' time taken by a host that is part of a result. */
const worthTelling = 0.02;

const root = fileURLToPath(new URL('../../', import.meta.url));

const options = [
  option('--quick', 'a short variant, to see that it works; nothing is kept'),
  option('--seconds <s>', 'length of a measured round', { parse: positive, default: standard.seconds }),
  option('--rounds <n>', 'rounds of each, in turn', { parse: integer(), default: standard.rounds }),
  option('--epochs <n>', 'epochs of whole jobs (default: those of the recipe)', { parse: integer() }),
  option('--networks <list>', 'only networks or recipes whose names hold one of these'),
  option('--inputs <n>', 'files of fuzz (default: 20,000)', { parse: integer() }),
  option('--kills <n>', 'kills of faults (default: 20)', { parse: integer() }),
  option('--seed <n>', 'draws the inputs and moments of fuzz and faults (default: 0)', { parse: integer(0) }),
  option('--data-dir <dir>', 'where to look for datasets first'),
  option('--runs <dir>', 'folder of ended runs, for recipes', { parse: text, default: 'runs' }),
  option('--discard', 'do not write bench/results'),
] as const;
type Flags = FlagsOf<typeof options>;

const program = defineCommand({
  name: 'bench',
  description: 'Measures convoy on this machine, beside its peers where they are. Without a name: everything.',
  arguments: [argument('[names...]', `${benches.map(({ name }) => name).join(', ')}; or report`)],
  options,
  action: ([names], flags) => run(names, flags),
});

async function run(names: readonly string[], flags: Flags): Promise<void> {
  if (names.length === 1 && names[0] === 'report') return report();
  const chosen =
    names.length === 0 ? benches.filter(({ onlyNamed }) => onlyNamed === undefined) : names.map(benchNamed);
  let failed = 0;
  for (const bench of chosen) {
    const result = await measure(bench, flags);
    process.stdout.write(`\n## ${result.title}\n\n${resultMarkdown(result)}\n`);
    failed += result.claims.filter(({ passed }) => !passed).length;
    if (flags.discard === undefined && flags.quick === undefined)
      process.stdout.write(`\nkept as ${await writeResult(result)}\n`);
  }
  if (failed > 0) process.stderr.write(`${failed} claims do not hold\n`);
  // A short run says nothing about speed.
  if (failed > 0 && flags.quick === undefined) process.exitCode = 1;
}

function benchNamed(name: string): Bench {
  const found = benches.find((bench) => bench.name === name);
  if (found === undefined)
    throw choiceError('the benchmark', name, { known: [...benches.map((bench) => bench.name), 'report'] });
  return found;
}

async function measure(bench: Bench, flags: Flags): Promise<BenchResult> {
  const { quick, seconds, rounds, epochs, inputs, kills, seed, networks, dataDir } = flags;
  const started = performance.now();
  const stolen = stolenSeconds();
  const found = await bench.run({
    quick: quick === true,
    seconds: quick === true ? Math.min(seconds, 0.3) : seconds,
    rounds: quick === true ? 1 : rounds,
    ...(epochs === undefined ? {} : { epochs }),
    ...(inputs === undefined ? {} : { inputs }),
    ...(kills === undefined ? {} : { kills }),
    ...(seed === undefined ? {} : { seed }),
    ...(networks === undefined ? {} : { networks: networks.split(',') }),
    ...(dataDir === undefined ? {} : { dataDir }),
    runs: flags.runs,
    say: (text) => process.stderr.write(`${bench.name}: ${text}\n`),
  });
  const { libraries = {}, charts = [], claims = [], notes = [], tables } = found;
  const machine = await describeMachine();
  const share = (1000 * (stolenSeconds() - stolen)) / ((performance.now() - started) * machine.cores);
  const disturbed = `The host kept ${Math.round(100 * share)}% of the cores' time from this machine meanwhile: absolute figures are low, lockstep suffers most.`;
  return {
    bench: bench.name,
    title: bench.title,
    command: commandOf(bench, flags),
    date: new Date().toISOString().slice(0, 10),
    machine: { ...machine, libraries: { ...machine.libraries, ...libraries } },
    tables,
    charts,
    claims,
    notes: share > worthTelling ? [...notes, disturbed] : notes,
  };
}

/** How to repeat a measurement; where data lies is everybody's own affair. */
function commandOf({ name }: Bench, { quick, seconds, rounds, epochs, inputs, kills, seed, networks }: Flags): string {
  const given = {
    seconds: seconds === standard.seconds ? undefined : seconds,
    rounds: rounds === standard.rounds ? undefined : rounds,
    epochs,
    inputs,
    kills,
    seed,
    networks,
  };
  const more = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag} ${value}`]));
  return ['npm run bench --', name, ...(quick === undefined ? [] : ['--quick']), ...more].join(' ');
}

/** Pages with results in short. */
const pages = ['README.md', 'docs/networks.md'];

async function report(): Promise<void> {
  const results = readResults();
  for (const result of newest(results)) await writeCharts(result, `${root}docs`);
  const order = benches.map(({ name }) => name);
  await writeFileAtomic(`${root}docs/benchmarks.md`, [resultsPage(results, order)]);
  for (const page of pages) {
    await writeFileAtomic(root + page, [insertResults(await readFile(root + page, 'utf8'), results)]);
  }
}

process.exitCode = await runProgram(program, process.argv.slice(2));
