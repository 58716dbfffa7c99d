import { type LayersModel, type Tensor, type Tensor1D, tf, type Variable } from '../base/tf.js';
import { mixPlaces, type StepSpec, stats, statsLength, targetLength } from '../contracts/index.js';
import { randomLayers } from '../graph/index.js';
import { detectionLosses, type SampleLosses, sampleLosses } from '../losses/index.js';
import { type PlacedParameter, slotNames } from '../memory/index.js';
import { judgement, outputThreshold } from '../models/outputs.js';
import { modelParameters } from '../models/parameters.js';
import type { Engine, EngineContext, ShardTask } from './contract.js';
import { stepKey } from './key.js';
import { KeyedRandom } from './keyed-random.js';
import { drawMix } from './mix.js';
import { mixImages, mixLosses } from './mix-tensors.js';
import { useKeyedRandomness } from './random-layers.js';
import { keptTensor, rightShares, tensorRows } from './rows.js';

interface Weight {
  readonly place: PlacedParameter;
  readonly variable: ReturnType<typeof modelParameters>[number]['variable'];
  /** A tensor over the arena's weights slot: always the newest weights. */
  readonly view: Tensor;
}

/**
 * The reference engine: tfjs's own layers and gradient tape. Slow, and the measure of the compiled engine's
 * correctness. Owns the tensors over the weights slot until `dispose`; leaves no other tensor behind.
 *
 * The model becomes the engine's: its weights are tied to the arena.
 */
export class EagerEngine implements Engine {
  readonly name = 'eager';
  readonly #context: EngineContext;
  readonly #model: LayersModel;
  readonly #random: KeyedRandom;
  /** Random layers of the model: behind them are the loss's numbers. */
  readonly #randomLayers: number;
  readonly #weights: readonly Weight[];

  constructor(context: EngineContext, model: LayersModel) {
    const { arena, layout, native } = context;
    this.#context = context;
    this.#model = model;
    this.#random = new KeyedRandom(native);
    useKeyedRandomness(model, this.#random);
    this.#randomLayers = randomLayers(model).length;
    const slot = arena.slot(slotNames.weights);
    this.#weights = modelParameters(model).map(({ variable }, index) => {
      const place = layout.parameters[index] as PlacedParameter;
      const view = tf.tensor(arena.float32(slot, place.offset, place.length), [...place.shape], 'float32');
      return { place, variable, view };
    });
    for (const weight of this.#weights) this.#tie(weight);
  }

  gradients(task: ShardTask): void {
    const { arena, layout, seed } = this.#context;
    this.#random.setKey(stepKey(seed, task.step, task.shard));
    const trained = this.#weights.filter((weight) => weight.place.trainable);
    const gradientSlot = arena.slot(slotNames.gradients(task.shard));
    const line = this.#statsLine(task);
    tf.tidy(() => {
      const { spec } = this.#context;
      const mix = spec.mix && drawMix(spec.mix, spec.image, { seed, step: task.step, shard: task.shard });
      const { inputs, targets } = this.#batch(task);
      const images = mix === undefined ? inputs : mixImages(inputs, mix);
      const variables = trained.map((weight) => tfVariable(weight));
      const { value, grads } = tf.variableGrads(() => {
        const outputs = this.#model.apply(images, { training: true }) as Tensor;
        const lossesFor = (wanted: Tensor) => this.#losses(outputs, wanted, true);
        const own = lossesFor(targets);
        const { losses, weights } = mix === undefined ? own : mixLosses(own, lossesFor(tf.reverse(targets, 0)), mix);
        const regularization = this.#regularization();
        this.#measure(line, outputs, targets, losses, weights, mix?.[mixPlaces.share]);
        line[stats.regularization] = regularization?.dataSync()[0] ?? 0;
        // A shard of samples that all weigh 0 has loss and gradient 0, not 0/0.
        const mean = tf.div(tf.sum(tf.mul(losses, weights)), line[stats.weightSum] || 1);
        return (regularization ? tf.add(mean, regularization) : mean) as ReturnType<typeof tf.scalar>;
      }, variables);
      value.dispose();
      for (const [index, { place }] of trained.entries()) {
        const gradient = grads[(variables[index] as Variable).name] as Tensor;
        arena.float32(gradientSlot, place.offset, place.length).set(gradient.dataSync() as Float32Array);
      }
    });
    const movingSlot = arena.slot(slotNames.moving(task.shard));
    for (const weight of this.#weights) {
      if (!weight.place.updatedByForward) continue;
      const renewed = weight.variable.read();
      const offset = weight.place.offset - layout.trainableLength;
      arena.float32(movingSlot, offset, weight.place.length).set(renewed.dataSync() as Float32Array);
      this.#tie(weight);
    }
  }

  evaluate(task: ShardTask): void {
    const { arena, layout } = this.#context;
    const line = this.#statsLine(task);
    tf.tidy(() => {
      const { inputs, targets } = this.#batch(task);
      const outputs = this.#predict(inputs);
      const { losses, weights } = this.#losses(outputs, targets);
      this.#measure(line, outputs, targets, losses, weights);
      line[stats.regularization] = this.#regularization()?.dataSync()[0] ?? 0;
      arena
        .float32(
          arena.slot(slotNames.outputs(task.slot)),
          task.begin * layout.outputLength,
          task.count * layout.outputLength,
        )
        .set(keptTensor(this.#context.spec, outputs, outputThreshold(this.#context.spec)).dataSync() as Float32Array);
    });
  }

  /** Outputs without dropout; the mean of those for images and mirror images where the specification says so. */
  #predict(inputs: Tensor): Tensor {
    const plain = this.#model.apply(inputs, { training: false }) as Tensor;
    if (this.#context.spec.testTimeFlip !== true) return plain;
    const flipped = this.#model.apply(tf.reverse(inputs, 2), { training: false }) as Tensor;
    return tf.mul(tf.add(plain, flipped.rank === 4 ? tf.reverse(flipped, 2) : flipped), 0.5);
  }

  #losses(outputs: Tensor, targets: Tensor, training = false): SampleLosses {
    const { spec, loss } = this.#context;
    if (spec.targets === 'boxes') {
      // In evaluation the numbers are the same for all images.
      if (!training) this.#random.setKey([0, 0]);
      return detectionLosses(spec.loss, outputs, targets, spec.image, ([batch = 1, ...rest]) =>
        this.#random.uniform([training ? batch : 1, ...rest], training ? this.#randomLayers : 0),
      );
    }
    const rows = tensorRows(spec, outputs, targets);
    const width = spec.targets === 'pixels' ? (rows.outputs.shape[1] ?? 0) : spec.classes;
    return sampleLosses(spec.loss, rows.outputs, rows.targets, width, loss, rows.pixels);
  }

  dispose(): void {
    for (const { view } of this.#weights) view.dispose();
    this.#model.dispose();
  }

  #statsLine(task: ShardTask): Float32Array {
    const { arena, layout } = this.#context;
    const line = task.slot * layout.shards + task.shard;
    return arena.float32(arena.slot(slotNames.stats), line * statsLength, statsLength);
  }

  /** Points the model's variable at the arena (again). */
  #tie(weight: Weight): void {
    weight.variable.write(weight.view);
  }

  #batch(task: ShardTask): { inputs: Tensor; targets: Tensor } {
    const { arena, layout, spec } = this.#context;
    const { height, width, channels } = spec.image;
    const bytes = arena.uint8(
      arena.slot(slotNames.pixels(task.slot)),
      task.begin * layout.imageBytes,
      task.count * layout.imageBytes,
    );
    const pixels = tf.tensor4d(Float32Array.from(bytes), [task.count, height, width, channels]);
    const inputs = tf.add(
      tf.mul(pixels, tf.tensor1d([...spec.preprocess.scale])),
      tf.tensor1d([...spec.preprocess.offset]),
    );
    const { type, shape } = layout.target;
    if (shape === undefined) return { inputs, targets: pixels };
    const length = targetLength(layout.target);
    const view = arena[type](arena.slot(slotNames.targets(task.slot)), task.begin * length, task.count * length);
    const targets = tf.tensor(
      type === 'uint8' ? Int32Array.from(view) : view.slice(),
      [task.count, ...shape],
      type === 'float32' ? 'float32' : 'int32',
    );
    return { inputs, targets };
  }

  /**
   * @param share what the samples' own targets count where they are mixed, against those of their partners.
   */
  #measure(line: Float32Array, outputs: Tensor, targets: Tensor, losses: Tensor1D, weights: Tensor1D, share = 1): void {
    const rightFor = (wanted: Tensor): number => countRight(this.#context.spec, outputs, wanted);
    const partners = (): number => tf.tidy(() => rightFor(tf.reverse(targets, 0)));
    line[stats.lossSum] = tf.tidy(() => tf.sum(tf.mul(losses, weights)).dataSync()[0] as number);
    line[stats.weightSum] = tf.tidy(() => tf.sum(weights).dataSync()[0] as number);
    line[stats.correct] = share * rightFor(targets) + (share === 1 ? 0 : (1 - share) * partners());
    line[stats.count] = targets.shape[0] as number;
  }

  #regularization(): Tensor | undefined {
    const terms = collectLosses(this.#model.layers);
    return terms.length === 0 ? undefined : tf.addN(terms);
  }
}

/** How many samples are right. */
function countRight(spec: StepSpec, outputs: Tensor, targets: Tensor): number {
  const right = tf.tidy(() => {
    if (spec.targets === 'pixels' || spec.targets === 'boxes') return tf.scalar(0);
    if (spec.targets === 'masks') {
      const rows = tensorRows(spec, outputs, targets);
      const width = rows.outputs.shape[1] as number;
      const said = width > 1 ? tf.argMax(rows.outputs, -1) : rows.outputs.greater(outputThreshold(spec)).as1D();
      const matches = tf.equal(said.cast('int32'), rows.targets);
      return rightShares(matches, rows.pixels as NonNullable<typeof rows.pixels>);
    }
    const judged = judgement(spec, outputs.shape[1] as number);
    const indices = targets.rank === 1;
    if (judged.by === 'greatest') {
      const truth = indices ? targets : tf.argMax(targets, -1);
      return tf.sum(tf.cast(tf.equal(tf.cast(tf.argMax(outputs, -1), 'int32'), truth), 'float32'));
    }
    const said = tf.greater(outputs, judged.threshold);
    const matches = indices
      ? tf.equal(tf.cast(tf.reshape(said, [-1]), 'int32'), targets)
      : tf.all(tf.equal(said, tf.greater(targets, 0.5)), -1);
    return tf.sum(tf.cast(matches, 'float32'));
  });
  const count = right.dataSync()[0] as number;
  right.dispose();
  return count;
}

/** tfjs's Variable under a layer's weight. */
function tfVariable(weight: Weight): Variable {
  return weight.variable.read() as Variable;
}

function collectLosses(layers: LayersModel['layers']): Tensor[] {
  return layers.flatMap((layer) => {
    const inner = (layer as unknown as { layers?: LayersModel['layers'] }).layers;
    return Array.isArray(inner) ? collectLosses(inner) : layer.calculateLosses();
  });
}
