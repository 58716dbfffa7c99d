import { ConvoyError } from '../base/errors.js';
import type { RunConfig } from '../config/index.js';
import type { Dataset, Precision } from '../contracts/index.js';
import { firstSamples } from '../data/index.js';
import { slotNames } from '../memory/index.js';
import { loadArchitecture, modelParameters, withoutDraws } from '../models/index.js';
import { type Datasets, openData, type Runtime, type RuntimeInternals, type RuntimeOptions } from '../runtime/index.js';
import { shortened, Trainer } from '../training/index.js';
import { batchGradient, type Gradient } from './batch-gradient.js';
import { compareGradients, type GradientComparison, type StartWeight } from './compare-gradients.js';
import { type LayerJson, samplewiseTwin } from './twin.js';

/** One check on the user's own machine. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** What was compared and found. */
  readonly detail: string;
}

/** The error for checks that failed: `CONVOY_VERIFY`, with their names; undefined when all passed. */
export function verifyError(checks: readonly Check[]): ConvoyError | undefined {
  const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name);
  if (failed.length === 0) return undefined;
  const message = `Expected all ${checks.length} checks to pass but ${failed.length} failed: ${failed.join('; ')}`;
  return new ConvoyError('CONVOY_VERIFY', message, { failed });
}

export interface VerifyOptions extends Omit<RuntimeOptions, 'config'> {
  readonly config: RunConfig;
  /** Optimizer steps of the training that is repeated. */
  readonly steps: number;
  readonly onCheck?: (check: Check) => void;
}

/** Distance of gradients that rounding explains: the same sums in another order. */
const roundingBound = 1e-4;
/** The same where each shard's gradient is rounded to bfloat16. */
const bfloat16Bound = 1e-2;
/** One of the gradients that are compared: what differs from the configuration, and which of convoy's ops it may use. */
interface Side extends RuntimeInternals {
  readonly changes: Partial<RunConfig>;
}

/** Gradients that must equal a reference's, by what a person calls them; '' where there is one. */
type Compared = Readonly<Record<string, Side>>;

/**
 * Proves on this machine that the number of workers does not change a training: the same bits for 1, 2 and N workers;
 * gradients of shards that add up to those of one big batch; gradients of the compiled engine, as it runs, with
 * fused kernels, and of the plain graph, equal to those of tfjs's gradient tape.
 *
 * Gradients are compared parameter by parameter. Where rounding may switch a ReLU or a maximum, the network itself is held
 * to a wide bound; its twin without kinks, and the one whose ReLUs are far from theirs, are held to narrow ones.
 */
export async function verify({ config, steps, onCheck, ...options }: VerifyOptions): Promise<Check[]> {
  const checks: Check[] = [];
  const note = (check: Check): void => {
    checks.push(check);
    onCheck?.(check);
  };
  const most = config.workers === 'auto' ? 4 : config.workers;
  const shards = config.shards ?? Math.max(2, most);
  const few = shortened(config);
  const { datasets, epochs } = await trainingOf(steps, { ...options, config: few });
  const short: RunConfig = { ...few, shards, epochs };
  const repeated = { ...options, datasets, config: short };
  for await (const check of sameBits(repeated, [...new Set([1, 2, most])], `${shards} shards, ${steps} steps`))
    note(check);

  const comparison = await Comparison.open(repeated);
  const { network, precision } = comparison;
  // What is drawn depends on the shard.
  const still = { mix: undefined, loss: withoutDraws(comparison.loss) };
  const parts = { changes: { workers: Math.min(shards, most), ...still } };
  const whole = { changes: { shards: 1, workers: 1, ...still } };
  const samplewise = samplewiseTwin(network);
  const calm = samplewise === undefined && !config.mix ? '' : ', nothing random, moving statistics';
  const bound = precision === 'float32' ? roundingBound : bfloat16Bound;
  const against = `${shards} shards against one big batch${calm}`;
  note(await comparison.check(against, { bound, network: samplewise ?? network }, { '': parts }, whole));
  // The eager engine knows float32 only.
  const single = { shards: 1, workers: 1, precision: 'float32' } as const;
  const name = `${comparison.engine} engine against tfjs's eager one`;
  const forms: Compared = comparison.fuses
    ? { '': { changes: single }, ' without fused kernels': { changes: single, kernels: [] } }
    : { '': { changes: single } };
  const exactly = { bound: roundingBound, network, thorough: true };
  note(await comparison.check(name, exactly, forms, { changes: { ...single, engine: 'eager' } }));
  return checks;
}

/** Images for a number of steps, the last of which has a smaller batch; epochs where there are too few. */
async function trainingOf(
  steps: number,
  options: RuntimeOptions,
): Promise<{ readonly datasets: Datasets; readonly epochs: number }> {
  const { limit: _, testLimit: __, ...config } = options.config;
  const { train, test } = options.datasets ?? (await openData({ ...options, config }));
  const wanted = config.batchSize * (steps - 1) + Math.ceil(config.batchSize / 3);
  const first = (dataset: Dataset, count: number): Dataset =>
    firstSamples(dataset, Math.min(count, dataset.count), '--limit');
  const datasets = { train: first(train, wanted), test: first(test, config.batchSize) };
  return { datasets, epochs: Math.ceil(steps / Math.ceil(datasets.train.count / config.batchSize)) };
}

async function* sameBits(
  options: RuntimeOptions,
  workerCounts: readonly number[],
  title: string,
): AsyncGenerator<Check> {
  let measure: string | undefined;
  for (const workers of workerCounts) {
    const { summary } = await new Trainer({ ...options, config: { ...options.config, workers } }).train();
    const { weightsSha256 } = summary;
    const verdict = measure === undefined ? '(the measure)' : weightsSha256 === measure ? 'same bits' : 'OTHER BITS';
    measure ??= weightsSha256;
    yield {
      name: `${workers} worker${workers === 1 ? '' : 's'}, ${title}`,
      passed: weightsSha256 === measure,
      detail: `${weightsSha256.slice(0, 16)} ${verdict}`,
    };
  }
}

/** Compares gradients of one batch, of a network and of its twins, at the same initial weights. */
class Comparison {
  private constructor(
    private readonly options: RuntimeOptions,
    /** The network as JSON. */
    readonly network: LayerJson,
    private readonly weights: readonly StartWeight[],
    readonly engine: Runtime['engine'],
    /** How many of convoy's ops the engine may use. */
    private readonly kernels: number,
    readonly precision: Precision,
  ) {}

  static async open(options: RuntimeOptions): Promise<Comparison> {
    const config = { ...options.config, shards: 1, workers: 1 };
    const { seen } = await batchGradient(
      { ...options, config },
      ({ model, arena, layout, engine, native, ...runtime }) => {
        const slot = arena.slot(slotNames.weights);
        return {
          engine,
          kernels: native.kernels.ops.length,
          config: runtime.config,
          network: JSON.parse(JSON.stringify(model.toJSON(undefined, false))) as LayerJson,
          weights: layout.parameters.map((spec) => ({
            spec,
            values: arena.float32(slot, spec.offset, spec.length).slice(),
          })),
        };
      },
    );
    const { network, weights, engine, kernels } = seen;
    const { normalize, precision, loss } = seen.config;
    const settled = { ...options, config: { ...options.config, normalize, loss } };
    return new Comparison(settled, network, weights, engine, kernels, precision);
  }

  get loss(): RunConfig['loss'] {
    return this.options.config.loss;
  }

  /** Whether the engine has fused ops, which plain ones can replace. */
  get fuses(): boolean {
    return this.engine === 'compiled' && this.kernels > 0;
  }

  async check(
    name: string,
    options: Pick<GradientComparison, 'network' | 'bound' | 'thorough'>,
    compared: Compared,
    reference: Side,
  ): Promise<Check> {
    const gradient = (twin: LayerJson, values: Gradient, form: string | undefined): Promise<Gradient> =>
      this.#gradient(twin, values, (form === undefined ? undefined : compared[form]) ?? reference);
    const { weights } = this;
    return { name, ...(await compareGradients({ ...options, weights, forms: Object.keys(compared), gradient })) };
  }

  async #gradient(network: LayerJson, values: Gradient, { changes, ...internals }: Side): Promise<Gradient> {
    const model = loadArchitecture(structuredClone(network), 'the network to verify');
    const weights = modelParameters(model).map(({ spec }) => values.get(spec.name) as Float32Array);
    const config = { ...this.options.config, ...changes };
    try {
      return (await batchGradient({ ...this.options, config, model, weights }, () => undefined, internals)).gradient;
    } finally {
      model.dispose();
    }
  }
}
