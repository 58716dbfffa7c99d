import { allReduceBench } from './all-reduce.js';
import { augmentBench } from './augment.js';
import type { Bench } from './bench.js';
import { clusterBench } from './cluster.js';
import { dashboardBench } from './dashboard.js';
import { dataBench } from './data.js';
import { enginesBench } from './engines.js';
import { faultsBench } from './faults.js';
import { fuzzBench } from './fuzz.js';
import { jobsBench } from './jobs.js';
import { memoryBench } from './memory.js';
import { networksBench } from './networks.js';
import { peersBench } from './peers.js';
import { recipesBench } from './recipes.js';
import { sampleMemoryBench } from './sample-memory.js';
import { scalingBench } from './scaling.js';
import { startupBench } from './startup.js';
import { stepBench } from './step.js';
import { timeToAccuracyBench } from './time-to-accuracy.js';
import { transferBench } from './transfer.js';
import { tuneBench } from './tune.js';

export type { Bench, BenchOptions } from './bench.js';

/** Every benchmark, in the order in which all are run. */
export const benches: readonly Bench[] = [
  peersBench,
  jobsBench,
  enginesBench,
  stepBench,
  scalingBench,
  allReduceBench,
  clusterBench,
  augmentBench,
  dataBench,
  startupBench,
  dashboardBench,
  memoryBench,
  sampleMemoryBench,
  tuneBench,
  timeToAccuracyBench,
  transferBench,
  networksBench,
  recipesBench,
  faultsBench,
  fuzzBench,
];
