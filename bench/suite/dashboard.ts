import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTraining } from '../harness/convoy-run.js';
import { atLeast, atMost, type Claim } from '../harness/result.js';
import { summarize } from '../harness/statistics.js';
import { type Bench, wanted } from './bench.js';

const entry = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A small network, whose steps are short, and a large one. */
const networks = ['shapes-cnn', 'cifar10-cnn'] as const;
/** A training with the page keeps at least this share of its speed. */
const leastSpeed = 0.99;
/** Seconds for the report of a run on 60,000 training and 10,000 test images, on 2 cores. */
const mostReportSeconds = 60;

/** Training with and without `--dashboard`, somebody looking at the page, in turn; and how long a report takes. */
export const dashboardBench: Bench = {
  name: 'dashboard',
  title: 'Dashboard and report',
  async run(options) {
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    const folder = await mkdtemp(join(tmpdir(), 'convoy-dashboard-'));
    const epochs = options.epochs ?? (options.quick ? 2 : 8);
    try {
      for (const network of networks.filter((name) => wanted(options, name))) {
        const rates = { without: [] as number[], with: [] as number[] };
        for (let round = 0; round < options.rounds; round++) {
          // Every other round backwards: nobody always follows the same one.
          for (const kind of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
            options.say(`${network}: round ${round + 1} of ${options.rounds}, ${kind} the dashboard`);
            const run = join(folder, `${network}-${kind}-${round}`);
            rates[kind].push(...(await epochRates({ network, run, epochs, page: kind === 'with', cwd: folder })));
          }
        }
        const [without, withPage] = [summarize(rates.without), summarize(rates.with)];
        const share = withPage.median / without.median;
        rows.push([network, without.median, withPage.median, share]);
        claims.push(atLeast(`${network}: speed with the dashboard against without`, leastSpeed, share));
      }
      options.say('report');
      const run = join(folder, 'report');
      const { code, stderr } = await startTraining(
        ['--recipe', 'fashion-mnist-cnn', '--epochs', '1', '--out', run],
        folder,
      ).ended;
      if (code !== 0) throw new Error(stderr);
      const began = performance.now();
      const child = spawn(process.execPath, [entry, 'report', run], { stdio: 'ignore' });
      await once(child, 'exit');
      claims.push(
        atMost('seconds of a report, 60,000 training images', mostReportSeconds, (performance.now() - began) / 1000),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return {
      tables: [{ title: 'Images/s, medians of epochs', columns: ['network', 'without', 'with', 'share'], rows }],
      claims,
      notes: ['One page is open, which listens to events. The first epoch of each run is left out.'],
    };
  },
};

/** Images a second of each epoch but the first, of drawn shapes. */
async function epochRates(options: {
  readonly network: string;
  readonly run: string;
  readonly epochs: number;
  readonly page: boolean;
  readonly cwd: string;
}): Promise<number[]> {
  const { network, run, epochs, page, cwd } = options;
  const args = [
    '--dataset',
    'shapes',
    '--model',
    network,
    '--epochs',
    String(epochs),
    '--batch-size',
    '64',
    '--out',
    run,
  ];
  const training = startTraining([...args, ...(page ? ['--dashboard'] : ['--histograms'])], cwd);
  const looking = new AbortController();
  if (page) {
    let text = '';
    training.child.stdout?.on('data', (part: string) => (text += part));
    await training.printed('"dashboard"');
    const { url } = JSON.parse(text.split('\n').find((line) => line.includes('"dashboard"')) ?? '{}') as {
      url?: string;
    };
    if (url !== undefined) void look(new URL('api/events', url), looking.signal);
  }
  const { code, stderr } = await training.ended;
  looking.abort();
  if (code !== 0) throw new Error(stderr);
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n').slice(1);
  return lines.map((line) => (JSON.parse(line) as { imagesPerSecond: number }).imagesPerSecond);
}

/** Reads events until it is told to stop, or the server ends. */
async function look(url: URL, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(url, { signal });
    for await (const _ of response.body ?? []);
  } catch {
    // The server has ended, or this reader was told to.
  }
}
