import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../src/config/index.js';
import type { Precision } from '../../src/contracts/index.js';
import { MeasuringChild, type StepPhase, type StepRound, stepPhases } from '../../src/measure/index.js';
import { availableCores, cpuFeatures } from '../../src/native/index.js';
import { alternate, type Contest } from '../harness/alternate.js';
import { type BenchNetwork, benchNetworks } from '../harness/networks.js';
import { trainingOperations } from '../harness/operations.js';
import { convoyContender } from '../harness/peers.js';
import { atMost, type Claim, type ResultChart } from '../harness/result.js';
import { median } from '../harness/statistics.js';
import { type Bench, type BenchOptions, wanted } from './bench.js';

const batches = [32, 128, 256, 512] as const;
/** The square matrix product whose speed is called the machine's peak. */
const peakSize = 2048;

interface Case {
  readonly network: BenchNetwork;
  readonly engine: 'compiled' | 'eager';
  readonly precision: Precision;
}

/** Median milliseconds a step of each phase. */
export function phaseMedians(contest: Contest<StepRound>): Record<StepPhase, number> {
  const of = (phase: StepPhase) => median(contest.rounds.map(({ milliseconds }) => milliseconds[phase]));
  return Object.fromEntries(stepPhases.map((phase) => [phase, of(phase)])) as Record<StepPhase, number>;
}

/** Operations a second of a plain matrix product on all cores. */
async function peak(precision: Precision, { seconds, rounds }: BenchOptions): Promise<number> {
  const script = fileURLToPath(new URL('../children/matrix-product.js', import.meta.url));
  const start = () =>
    MeasuringChild.start<{ readonly steps: number }, { images: number; seconds: number }>({
      command: [process.execPath, script],
      setup: { size: peakSize, precision },
      env: { TF_NUM_INTRAOP_THREADS: String(availableCores()) },
    });
  const [contest] = await alternate([{ name: 'matrix product', start }], { seconds, rounds });
  return contest?.rate.highest ?? Number.NaN;
}

/** Images/s and where a step's time goes, by network, batch, engine and precision. */
export const stepBench: Bench = {
  name: 'step',
  title: 'One training step',
  async run(options) {
    const precisions: Precision[] = cpuFeatures().bfloat16 ? ['float32', 'bfloat16'] : ['float32'];
    const peaks = new Map<Precision, number>();
    for (const precision of precisions) {
      options.say(`peak in ${precision}`);
      peaks.set(precision, await peak(precision, options));
    }
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    const charts: ResultChart[] = [];
    for (const network of benchNetworks.filter(({ name }) => wanted(options, name))) {
      const operations = await trainingOperations(network);
      const bars: { label: string; phases: Record<StepPhase, number> }[] = [];
      const cases: Case[] = [
        ...precisions.map((precision) => ({ network, engine: 'compiled' as const, precision })),
        { network, engine: 'eager', precision: 'float32' },
      ];
      for (const batch of options.quick ? [32] : batches) {
        for (const { engine, precision } of cases) {
          // tfjs's tape is the reference, not a product: one batch of it is enough.
          if (engine === 'eager' && batch !== network.batch && !options.quick) continue;
          options.say(`${network.name}, batch ${batch}, ${engine}, ${precision}`);
          const config: Partial<ConfigInput> = { batchSize: batch, engine, precision };
          const [contest] = await alternate([convoyContender('step', network, { config })], options);
          if (contest === undefined) continue;
          const phases = phaseMedians(contest);
          const total = stepPhases.reduce((sum, phase) => sum + phases[phase], 0);
          const rate = contest.rate.median;
          rows.push([
            network.name,
            engine,
            precision,
            batch,
            rate,
            ...stepPhases.map((phase) => phases[phase]),
            (rate * operations) / 1e9,
            (rate * operations) / (peaks.get(precision) ?? Number.NaN),
          ]);
          if (engine === 'compiled' && precision === 'float32') {
            bars.push({ label: `batch ${batch}`, phases: scaled(phases, 100 / total) });
            const share = (phases.allReduce + phases.optimizer) / total;
            const bound = { 256: 0.08, 32: 0.3 }[batch as number];
            if (network.name === 'cifar10-cnn' && bound !== undefined) {
              claims.push(
                atMost(`cifar10-cnn, batch ${batch}: all-reduce and optimizer, share of the step`, bound, share),
              );
            }
          }
        }
      }
      charts.push({
        file: `bench-step-${network.name}`,
        kind: 'stacked',
        options: {
          title: `${network.name}: where a step's time goes`,
          valueName: '% of the step',
          most: 100,
          categories: bars.map(({ label }) => label),
          series: stepPhases.map((phase) => ({ name: phase, values: bars.map(({ phases }) => phases[phase]) })),
        },
      });
    }
    return {
      tables: [
        {
          title: `Medians of ${options.rounds} rounds; phases in ms a step`,
          columns: ['network', 'engine', 'precision', 'batch', 'images/s', ...stepPhases, 'GFLOP/s', 'share of peak'],
          rows,
        },
        {
          title: `Peak: a ${peakSize}x${peakSize} matrix product on all cores`,
          columns: ['precision', 'GFLOP/s'],
          rows: [...peaks].map(([precision, rate]) => [precision, rate / 1e9]),
        },
      ],
      claims,
      charts,
      notes: [
        'GFLOP/s counts what the network asks for: two operations for each multiply-add of the forward pass, its gradient of kernels and of inputs. ' +
          'Kernels of our own skip products whose gradient is zero, so the share of the peak can pass 1.',
      ],
    };
  },
};

function scaled(phases: Record<StepPhase, number>, factor: number): Record<StepPhase, number> {
  return Object.fromEntries(stepPhases.map((phase) => [phase, phases[phase] * factor])) as Record<StepPhase, number>;
}
