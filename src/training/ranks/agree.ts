import { ConvoyError } from '../../base/errors.js';
import type { Cluster } from '../../contracts/index.js';
import type { AgreedStop } from '../../coordinator/index.js';
import { cpuFeatures, decidingInstructions } from '../../native/index.js';
import type { Runtime } from '../../runtime/index.js';
import { weightsSha256 } from '../summary.js';
import { recordedConfig } from '../training-state.js';
import { libraryVersions } from '../versions.js';

/** What a rank is or has, by names for people. */
type Facts = Readonly<Record<string, string>>;

/** Options that may differ between machines without a change of bits. */
const free: ReadonlySet<string> = new Set(['workers', 'augmentWorkers', 'interOpThreads', 'dataset', 'description']);

function factsOf(runtime: Runtime): Facts {
  const { native, datasets, engine, layout } = runtime;
  const { kernels, tensorflowVersion } = native;
  const options = Object.entries(recordedConfig(runtime)).filter(([key]) => !free.has(key));
  return {
    ...Object.fromEntries(Object.entries(libraryVersions()).map(([name, version]) => [`version of ${name}`, version])),
    'version of TensorFlow': tensorflowVersion,
    "convoy's kernels": kernels.ops.length === 0 ? 'none' : `${kernels.instructions}: ${kernels.ops.join(', ')}`,
    "instructions of the processor (equal products need equal ones; CONVOY_KERNELS chooses convoy's alone)":
      decidingInstructions().join(' '),
    'limits of oneDNN': cpuFeatures().limit ?? 'none',
    ...Object.fromEntries(options.map(([key, value]) => [`option ${key}`, JSON.stringify(value) ?? 'none'])),
    'training data (fingerprint)': datasets.train.fingerprint,
    'test data (fingerprint)': datasets.test.fingerprint,
    'validation data (fingerprint)': datasets.validation?.fingerprint ?? 'none',
    engine,
    'dense layers with factors': String(layout.factors.length),
    'sum of gradients': layout.stagingLength === undefined ? 'chain' : 'slices',
    parameters: String(layout.parameters.length),
    'weights before the first step (SHA-256)': weightsSha256(runtime),
  };
}

/**
 * Sees that all ranks would compute the same.
 *
 * @throws ConvoyError `CONVOY_CLUSTER`, on all ranks, naming what differs and where.
 */
export async function needSameRuntime(cluster: Cluster, runtime: Runtime): Promise<void> {
  const all = await cluster.exchange(factsOf(runtime));
  compare(cluster, all, 'before the first step');
}

/**
 * Sees that all ranks still have the same weights.
 *
 * @throws ConvoyError `CONVOY_CLUSTER`, on all ranks.
 */
export async function needSameWeights(cluster: Cluster, runtime: Runtime, epoch: number): Promise<void> {
  const all = await cluster.exchange({ 'weights (SHA-256)': weightsSha256(runtime) });
  compare(cluster, all, `after epoch ${epoch}`);
}

function compare({ members }: Cluster, all: readonly Facts[], when: string): void {
  const [first = {}] = all;
  const named = (rank: number): string => `rank ${rank} (${members[rank]?.host ?? 'unknown'})`;
  const names = [...new Set(all.flatMap(Object.keys))];
  const differences = names.flatMap((name) => {
    const rank = all.findIndex((facts) => facts[name] !== first[name]);
    if (rank < 0) return [];
    return [`${name}: ${first[name] ?? 'none'} on ${named(0)}, ${all[rank]?.[name] ?? 'none'} on ${named(rank)}`];
  });
  if (differences.length === 0) return;
  throw new ConvoyError(
    'CONVOY_CLUSTER',
    `Expected the same on all ranks ${when} but found ${differences.join('; ')}`,
    {
      differences,
      ofAllRanks: true,
    },
  );
}

/** Whether all ranks have met an error at the same point, so that none waits for this one. */
export function isOfAllRanks(error: unknown, stop: AgreedStop): boolean {
  if (!(error instanceof ConvoyError)) return false;
  if (error.code === 'CONVOY_ABORTED') return stop.signal.aborted;
  return error.code === 'CONVOY_DIVERGED' || error.details['ofAllRanks'] === true;
}
