import type { Findings } from '../harness/result.js';

/** What every bench is told. */
export interface BenchOptions {
  /** A short variant, to see that it works: its figures mean little and are not kept. */
  readonly quick: boolean;
  /** Length of a measured round, in seconds. */
  readonly seconds: number;
  readonly rounds: number;
  /** Epochs of whole jobs; default those of the recipe. */
  readonly epochs?: number;
  /** Only networks whose names hold one of these. */
  readonly networks?: readonly string[];
  readonly dataDir?: string;
  /** Inputs of a campaign of damaged files, kills of one of faults, and what draws them. */
  readonly inputs?: number;
  readonly kills?: number;
  readonly seed?: number;
  /** Folder of ended runs, for what is collected from them. */
  readonly runs: string;
  /** Tells what is being measured. */
  readonly say: (text: string) => void;
}

/** One benchmark. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  /** A campaign that takes as long as it is asked to: not run unless it is named. */
  readonly onlyNamed?: true;
  run(options: BenchOptions): Promise<Findings>;
}

/** Whether a network is wanted. */
export function wanted({ networks }: BenchOptions, name: string): boolean {
  return networks === undefined || networks.some((part) => name.includes(part));
}
