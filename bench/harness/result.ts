import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../src/base/atomic-file.js';
import type { BarChartOptions, ScalingSeries } from '../../src/plots/index.js';
import type { Machine } from './machine.js';

/** A table of figures; null where there is none. */
export interface ResultTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A chart, written to `docs/FILE.svg`. */
export type ResultChart =
  | { readonly file: string; readonly kind: 'bars' | 'stacked'; readonly options: BarChartOptions }
  | {
      readonly file: string;
      readonly kind: 'scaling';
      readonly options: {
        readonly title: string;
        readonly valueName: string;
        readonly series: readonly ScalingSeries[];
      };
    };

/** Something that must hold, and whether it did. */
export interface Claim {
  readonly what: string;
  readonly measured: number;
  /** The bound, and on which side of it holds. */
  readonly bound: number;
  readonly side: 'at least' | 'at most';
  readonly passed: boolean;
}

/** What a bench found. */
export interface Findings {
  readonly tables: readonly ResultTable[];
  readonly charts?: readonly ResultChart[];
  readonly claims?: readonly Claim[];
  /** What a reader must know: what was missing, how things were done. */
  readonly notes?: readonly string[];
  /** Versions of peers. */
  readonly libraries?: Readonly<Record<string, string>>;
}

/** A result as kept in `bench/results/NAME.PROCESSOR.json`. */
export interface BenchResult extends Required<Omit<Findings, 'libraries'>> {
  readonly bench: string;
  readonly title: string;
  readonly command: string;
  /** Day of the measurement. */
  readonly date: string;
  readonly machine: Machine;
}

/** A claim about a figure that must be at least `bound`. */
export function atLeast(what: string, bound: number, measured: number): Claim {
  return { what, measured, bound, side: 'at least', passed: measured >= bound };
}

/** A claim about a figure that must be at most `bound`. */
export function atMost(what: string, bound: number, measured: number): Claim {
  return { what, measured, bound, side: 'at most', passed: measured <= bound };
}

/** Where results lie; compiled files are in `dist/bench/harness`. */
export const resultsFolder = fileURLToPath(new URL('../../../bench/results/', import.meta.url));

/** A processor as part of a file's name: `Intel(R) Xeon(R) Processor` is `intel-xeon`. */
export function processorName({ cpu }: Pick<Machine, 'cpu'>): string {
  const words = cpu
    .toLowerCase()
    .replace(/\((r|tm)\)|\b(processor|cpu)\b|@ ?[\d.]+ ?ghz/g, ' ')
    .match(/[a-z0-9.]+/g);
  return words?.join('-') ?? 'unknown';
}

/** Keeps a result in place of an older one from the same kind of processor. */
export async function writeResult(result: BenchResult): Promise<string> {
  await mkdir(resultsFolder, { recursive: true });
  const file = `${resultsFolder}${result.bench}.${processorName(result.machine)}.json`;
  await writeFileAtomic(file, [`${JSON.stringify(result, undefined, 2)}\n`]);
  return file;
}

/** All results there are, by name, of each name the newest first. */
export function readResults(folder = resultsFolder): BenchResult[] {
  let names: string[];
  try {
    names = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch {
    return []; // nothing measured yet
  }
  const results = names.map((name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as BenchResult);
  return results.sort((a, b) => a.bench.localeCompare(b.bench) || b.date.localeCompare(a.date));
}
