import { ConvoyError } from '../base/errors.js';
import type { RunConfig } from '../config/index.js';
import type { Precision } from '../contracts/index.js';
import { slotNames } from '../memory/index.js';
import { loadArchitecture, modelParameters } from '../models/index.js';
import type { Runtime, RuntimeOptions } from '../runtime/index.js';
import { shortened, Trainer } from '../training/index.js';
import { batchGradient, type Gradient, type GradientDistance, gradientDistance } from './batch-gradient.js';
import { decidedTwin, decidedWeights, type LayerJson, samplewiseTwin, smoothTwin } from './twin.js';

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
/** Distance that switching units explain: ReLUs and maxima that rounding puts on the other side of their kink. */
const kinkBound = 5e-2;
/** The same where only maxima may switch, which are few. */
const awayBound = 2e-3;

/**
 * Proves on this machine that the number of workers does not change a training: the same bits for 1, 2 and N workers;
 * gradients of shards that add up to those of one big batch; gradients of the compiled engine equal to tfjs's.
 *
 * Gradients are compared parameter by parameter. Where rounding may switch a ReLU or a maximum, the network itself is held
 * to a wide bound and its twin without kinks to a narrow one.
 */
export async function verify({ config, steps, onCheck, ...options }: VerifyOptions): Promise<Check[]> {
  const checks: Check[] = [];
  const note = (check: Check): void => {
    checks.push(check);
    onCheck?.(check);
  };
  const most = config.workers === 'auto' ? 4 : config.workers;
  const shards = config.shards ?? Math.max(2, most);
  const limit = config.batchSize * (steps - 1) + Math.ceil(config.batchSize / 3);
  const short: RunConfig = { ...shortened(config), shards, epochs: 1, limit };
  const title = `${shards} shards, ${steps} steps`;
  for await (const check of sameBits({ ...options, config: short }, [...new Set([1, 2, most])], title)) note(check);

  const comparison = await Comparison.open({ ...options, config: short });
  const { network, precision } = comparison;
  const parts = { workers: Math.min(shards, most) };
  const whole = { shards: 1, workers: 1 };
  const samplewise = samplewiseTwin(network);
  const calm = samplewise === undefined && !config.mix ? '' : ', nothing random, moving statistics';
  const bound = precision === 'float32' ? roundingBound : bfloat16Bound;
  const plain = { mix: undefined };
  note(
    await comparison.check(`${shards} shards against one big batch${calm}`, bound, samplewise ?? network, [
      { ...parts, ...plain },
      { ...whole, ...plain },
    ]),
  );
  // The eager engine knows float32 only.
  const single = { ...whole, precision: 'float32' } as const;
  const name = `${comparison.engine} engine against tfjs's eager one`;
  note(await comparison.check(name, roundingBound, network, [single, { ...single, engine: 'eager' }]));
  return checks;
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

/** Compares gradients of one batch, of a network and of its twins at the same initial weights. */
class Comparison {
  private constructor(
    private readonly options: RuntimeOptions,
    /** The network as JSON. */
    readonly network: LayerJson,
    private readonly weights: Gradient,
    readonly engine: Runtime['engine'],
    readonly precision: Precision,
  ) {}

  static async open(options: RuntimeOptions): Promise<Comparison> {
    const config = { ...options.config, shards: 1, workers: 1 };
    const { seen } = await batchGradient(
      { ...options, config },
      ({ model, arena, layout, datasets, engine, ...runtime }) => {
        const slot = arena.slot(slotNames.weights);
        return {
          datasets,
          engine,
          config: runtime.config,
          network: JSON.parse(JSON.stringify(model.toJSON(undefined, false))) as LayerJson,
          weights: new Map(
            layout.parameters.map(({ name, offset, length }) => [name, arena.float32(slot, offset, length).slice()]),
          ),
        };
      },
    );
    const { datasets, network, weights, engine } = seen;
    const settled = { ...options.config, normalize: seen.config.normalize };
    return new Comparison({ ...options, datasets, config: settled }, network, weights, engine, seen.config.precision);
  }

  /**
   * Compares a network's gradients under two configurations. Where units may have switched, its twins decide: the smooth one,
   * and the one whose ReLUs are far from their kinks.
   */
  async check(
    name: string,
    bound: number,
    network: LayerJson,
    [one, other]: readonly [Partial<RunConfig>, Partial<RunConfig>],
  ): Promise<Check> {
    const distance = async (candidate: LayerJson, weights = this.weights): Promise<GradientDistance> => {
      const gradients = [
        await this.#gradient(candidate, weights, one),
        await this.#gradient(candidate, weights, other),
      ];
      return gradientDistance(gradients[0] as Gradient, gradients[1] as Gradient);
    };
    const { apart, parameter } = await distance(network);
    if (apart <= bound) return { name, passed: true, detail: `${shown(apart)} apart at most` };
    const smooth = smoothTwin(network);
    const decided = decidedTwin(network);
    const far = new Map([...this.weights].map(([weight, values]) => [weight, decidedWeights(weight, values)]));
    const without = smooth && (await distance(smooth)).apart;
    const away = decided && (await distance(decided, far)).apart;
    const found = [`${shown(apart)} apart at most (${parameter})`];
    if (without !== undefined) found.push(`${shown(without)} without kinks`);
    if (away !== undefined) found.push(`${shown(away)} away from kinks`);
    const passed = without !== undefined && apart <= kinkBound && without <= bound && (away ?? 0) <= awayBound;
    return { name, passed, detail: found.join(', ') };
  }

  async #gradient(network: LayerJson, values: Gradient, changes: Partial<RunConfig>): Promise<Gradient> {
    const model = loadArchitecture(structuredClone(network), 'the network to verify');
    const weights = modelParameters(model).map(({ spec }) => values.get(spec.name) as Float32Array);
    const config = { ...this.options.config, ...changes };
    try {
      return (await batchGradient({ ...this.options, config, model, weights }, () => undefined)).gradient;
    } finally {
      model.dispose();
    }
  }
}

const shown = (apart: number): string => apart.toExponential(1);
