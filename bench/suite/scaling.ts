import type { StepRound } from '../../src/measure/index.js';
import { availableCores } from '../../src/native/index.js';
import { alternate, type Contest } from '../harness/alternate.js';
import { benchNetworks } from '../harness/networks.js';
import { convoyContender } from '../harness/peers.js';
import { atLeast, atMost, type Claim } from '../harness/result.js';
import { fitScalability, projectThroughput } from '../harness/scalability.js';
import { type Bench, wanted } from './bench.js';
import { phaseMedians } from './step.js';

/** Least efficiency of all workers at batch 256 on cifar10-cnn, and the most that may not be compute. */
const leastEfficiency = 0.93;
const mostOverhead = 0.07;
const projected = [8, 16, 32, 64] as const;

/** 1, 2, 4, ... workers, and as many as there are cores. */
export function workerCounts(cores: number): number[] {
  const powers = Array.from({ length: 11 }, (_, power) => 2 ** power).filter((count) => count < cores);
  return [...powers, cores];
}

/** 1 worker to one a core, each held to as many cores: strong (one batch for all) and weak (a batch each). */
export const scalingBench: Bench = {
  name: 'scaling',
  title: 'Throughput by workers',
  async run(options) {
    const counts = workerCounts(availableCores());
    const rows: (string | number | null)[][] = [];
    const fits: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    const notes: string[] = [];
    const series: { name: string; points: [number, number][] }[] = [];
    for (const network of benchNetworks.filter(({ name }) => wanted(options, name))) {
      options.say(network.name);
      // Strong scaling's first point is weak scaling's too.
      const strong = counts.map((workers) => ({ kind: 'strong', workers, batch: network.batch }));
      const weak = counts.slice(1).map((workers) => ({ kind: 'weak', workers, batch: network.batch * workers }));
      const cases = [...strong, ...weak];
      const contests = await alternate(
        cases.map(({ kind, workers, batch }) =>
          convoyContender(`${kind} ${workers}`, network, {
            config: { workers, shards: workers, batchSize: batch },
            cores: Array.from({ length: workers }, (_, core) => core),
          }),
        ),
        options,
      );
      const missing = contests.find((contest) => contest.missing !== undefined);
      if (missing !== undefined) {
        notes.push(`Cores cannot be assigned here: ${missing.missing}`);
        break;
      }
      const single = contests[0]?.rate.median ?? Number.NaN;
      const points: [number, number][] = [];
      for (const [index, { kind, workers, batch }] of cases.entries()) {
        const { rate } = contests[index] as Contest<StepRound>;
        const efficiency = rate.median / (workers * single);
        rows.push([network.name, kind, workers, batch, rate.median, rate.lowest, rate.highest, efficiency]);
        if (kind === 'strong') points.push([workers, rate.median]);
        if (kind === 'strong' && network.name === 'cifar10-cnn' && workers === counts.at(-1) && workers > 1) {
          const { compute, ...others } = phaseMedians(contests[index] as Contest<StepRound>);
          const overhead = Object.values(others).reduce((sum, value) => sum + value, 0);
          claims.push(
            atLeast(
              `cifar10-cnn, batch ${batch}: efficiency of ${workers} workers on ${workers} cores`,
              leastEfficiency,
              efficiency,
            ),
            atMost(
              `cifar10-cnn, batch ${batch}, ${workers} workers: share of the step that is not compute`,
              mostOverhead,
              overhead / (compute + overhead),
            ),
          );
        }
      }
      series.push({ name: network.name, points });
      const fit = fitScalability(points);
      fits.push([
        network.name,
        fit.single,
        fit.contention,
        fit.coherency ?? null,
        ...projected.map((workers) => projectThroughput(fit, workers)),
      ]);
      if (fit.coherency === undefined) {
        notes[0] =
          'With measurements at two numbers of workers only contention can be fitted; coherency is taken as 0, so the projection is Amdahl’s, an upper bound.';
      }
    }
    return {
      tables: [
        {
          title: `Over ${options.rounds} alternating rounds`,
          columns: ['network', 'scaling', 'workers', 'batch', 'images/s', 'lowest', 'highest', 'efficiency'],
          rows,
        },
        {
          title:
            'Universal Scalability Law X(n) = X(1) n / (1 + contention (n - 1) + coherency n (n - 1)), and images/s that it PROJECTS (not measured)',
          columns: ['network', 'X(1)', 'contention', 'coherency', ...projected.map((workers) => `${workers} cores`)],
          rows: fits,
        },
      ],
      claims,
      notes,
      charts: [
        {
          file: 'bench-scaling',
          kind: 'scaling',
          options: { title: 'Throughput by workers (strong scaling)', valueName: 'images/s', series },
        },
      ],
    };
  },
};
