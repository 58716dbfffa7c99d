import { mixLength, statsLength } from '../contracts/index.js';
import type { CompiledFunction, GraphInput, ProductSpec } from '../graph/index.js';
import { elements, slotNames, ThreadMemory } from '../memory/index.js';
import type { LoadedGraph, TensorId } from '../native/index.js';
import type { Engine, EngineContext, ProductTask, ShardTask } from './contract.js';
import { type Fed, Feeds } from './feeds.js';
import { stepKey } from './key.js';
import { Masks } from './masks.js';
import { drawMix } from './mix.js';

/** A compiled model on disk and how to run it. Plain data. */
export interface CompiledSpec {
  /** Folder with the graph's `saved_model.pb`. */
  readonly folder: string;
  readonly train: CompiledFunction;
  readonly evaluate: CompiledFunction;
  /** Where the graph is of a model in two parts. */
  readonly features?: CompiledFunction;
  /** One for each of the layout's factors. */
  readonly products: readonly ProductSpec[];
  /** True when the graph writes results into fed memory; false when they are fetched and copied. */
  readonly writesInPlace: boolean;
}

/** A function of the graph with its names joined once, not at every step. */
interface Entry {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  readonly inputNames: string;
  readonly outputNames: string;
}

/** What one kind of task feeds, resolved once. */
interface Call {
  readonly ids: readonly TensorId[];
  readonly refreshes: readonly (() => void)[];
}

/** More kinds of tasks than any run has: slots times shards times the few sizes of batches. */
const maximumCalls = 1024;

/**
 * Runs graphs made by `src/graph`: one session call a shard, weights read and results written in the arena itself.
 */
export class CompiledEngine implements Engine {
  readonly name = 'compiled';
  readonly #context: EngineContext;
  readonly #spec: CompiledSpec;
  readonly #graph: LoadedGraph;
  readonly #feeds: Feeds;
  readonly #calls = new Map<string, Call>();
  readonly #train: Entry;
  readonly #evaluate: Entry;
  readonly #features: Entry | undefined;
  readonly #products: readonly Entry[];
  readonly #masks: Masks;
  readonly #firstRow: Int32Array<SharedArrayBuffer>;
  readonly #key: Int32Array<SharedArrayBuffer>;
  readonly #mix: Float32Array<SharedArrayBuffer>;

  private constructor(context: EngineContext, spec: CompiledSpec, graph: LoadedGraph) {
    this.#context = context;
    this.#spec = spec;
    this.#graph = graph;
    const memory = new ThreadMemory();
    this.#feeds = new Feeds(context.native, memory);
    this.#masks = new Masks(memory);
    const [key, row, mix] = [memory.allocate(2 * 4), memory.allocate(2 * 4), memory.allocate(mixLength * 4)];
    this.#firstRow = new Int32Array(memory.buffer, row, 2);
    this.#key = new Int32Array(memory.buffer, key, 2);
    this.#mix = new Float32Array(memory.buffer, mix, mixLength);
    this.#train = entry('train', spec.train);
    this.#evaluate = entry('evaluate', spec.evaluate);
    this.#features = spec.features && entry('features', spec.features);
    this.#products = spec.products.map(({ call }, factor) => entry(`product ${factor}`, call));
  }

  /** Loads the graph on this thread. */
  static async open(context: EngineContext, spec: CompiledSpec): Promise<CompiledEngine> {
    return new CompiledEngine(context, spec, await context.native.loadGraph(spec.folder));
  }

  gradients(task: ShardTask): void {
    const { seed, spec } = this.#context;
    const { step, shard } = task;
    this.#key.set(stepKey(seed, step, shard));
    if (spec.mix !== undefined) this.#mix.set(drawMix(spec.mix, spec.image, { seed, step, shard }));
    const results = this.#run(this.#train, task);
    if (!this.#spec.writesInPlace) this.#copyResults(task, results);
    for (const id of results) this.#context.native.release(id);
  }

  evaluate(task: ShardTask): void {
    const { arena, layout, native } = this.#context;
    const [outputs, stats] = this.#run(this.#evaluate, task) as [TensorId, TensorId];
    arena
      .float32(
        arena.slot(slotNames.outputs(task.slot)),
        task.begin * layout.outputLength,
        task.count * layout.outputLength,
      )
      .set(native.read(outputs));
    if (!this.#spec.writesInPlace) this.#statsLine(task).set(native.read(stats));
    native.release(outputs);
    native.release(stats);
  }

  features(task: ShardTask): void {
    const { arena, layout, native } = this.#context;
    const { featureLength } = layout;
    if (this.#features === undefined || featureLength === undefined)
      throw new TypeError('the graph is not of a model in two parts');
    const [features] = this.#run(this.#features, task) as [TensorId];
    arena
      .float32(arena.slot(slotNames.features(task.slot)), task.begin * featureLength, task.count * featureLength)
      .set(native.read(features));
    native.release(features);
  }

  product({ factor, row, scratch }: ProductTask): void {
    const called = this.#products[factor];
    if (called === undefined) throw new RangeError(`the graph has no product ${factor}`);
    this.#firstRow[1] = row;
    const results = this.#call(called, `${called.name}:${scratch}`, (input) => this.#feedProduct(input, scratch));
    for (const id of results) this.#context.native.release(id);
  }

  dispose(): void {
    this.#forget();
    this.#graph.dispose();
  }

  #run(called: Entry, task: ShardTask): TensorId[] {
    const key = `${called.name}:${task.slot}:${task.shard}:${task.begin}:${task.count}`;
    return this.#call(called, key, (input) => this.#feed(input, task));
  }

  #call(called: Entry, key: string, feed: (input: GraphInput) => Fed): TensorId[] {
    let call = this.#calls.get(key);
    if (call === undefined) {
      if (this.#calls.size >= maximumCalls) this.#forget();
      const fed = called.inputs.map(feed);
      call = {
        ids: fed.map(({ id }) => id),
        refreshes: fed.flatMap(({ refresh }) => (refresh === undefined ? [] : [refresh])),
      };
      this.#calls.set(key, call);
    }
    for (const refresh of call.refreshes) refresh();
    const results = this.#graph.run(call.ids, called.inputNames, called.outputNames);
    // Where TensorFlow copies, a tensor shows what its memory held when it was made: the next step needs new ones.
    if (!this.#spec.writesInPlace) this.#forget();
    return results;
  }

  #forget(): void {
    this.#calls.clear();
    this.#feeds.clear();
  }

  #feed(input: GraphInput, task: ShardTask): Fed {
    const { arena, layout, spec } = this.#context;
    switch (input.role) {
      case 'pixels': {
        const { height, width, channels } = spec.image;
        const slot = arena.slot(slotNames.pixels(task.slot));
        const view = arena.uint8(slot, task.begin * layout.imageBytes, task.count * layout.imageBytes);
        return this.#feeds.feed(view, [task.count, height, width, channels]);
      }
      case 'features': {
        const length = layout.featureLength ?? 0;
        const view = arena.float32(arena.slot(slotNames.features(task.slot)), task.begin * length, task.count * length);
        return this.#feeds.feed(view, [task.count, ...input.shape]);
      }
      case 'targets': {
        const slot = arena.slot(slotNames.targets(task.slot));
        const { type, shape = [] } = layout.target;
        const length = elements(shape);
        return this.#feeds.feed(arena[type](slot, task.begin * length, task.count * length), [task.count, ...shape]);
      }
      case 'seed':
        return this.#feeds.own(this.#key, [2]);
      case 'mix':
        return this.#feeds.own(this.#mix, [mixLength]);
      case 'mask': {
        const { layer, rate, node } = input;
        const shape = input.shape.map((size) => (size < 0 ? task.count : size));
        const view = this.#masks.view(node, elements(shape));
        return this.#feeds.own(view, shape, () =>
          this.#masks.draw(view, rate, [this.#key[0] as number, this.#key[1] as number], layer),
        );
      }
      case 'stats':
        return this.#feeds.feed(this.#statsLine(task), [1, statsLength]);
      case 'parameter': {
        const { offset, length } = this.#place(input.index);
        return this.#feeds.feed(arena.float32(arena.slot(slotNames.weights), offset, length), input.shape);
      }
      case 'gradient': {
        const { offset, length } = this.#place(input.index);
        return this.#feeds.feed(
          arena.float32(arena.slot(slotNames.gradients(task.shard)), offset, length),
          input.shape,
        );
      }
      case 'state': {
        const { offset, length } = this.#place(input.index);
        const start = offset - layout.trainableLength;
        return this.#feeds.feed(arena.float32(arena.slot(slotNames.moving(task.shard)), start, length), input.shape);
      }
      case 'inputFactor': {
        const words = input.shape[2] as number;
        const start = task.shard * layout.shardRows * words;
        const view = arena.int32(arena.slot(slotNames.inputFactors(input.index)), start, task.count * words);
        return this.#feeds.feed(view, [1, task.count, words]);
      }
      case 'gradientFactor': {
        const outputs = input.shape[2] as number;
        const start = task.shard * layout.shardRows * outputs;
        const view = arena.float32(arena.slot(slotNames.gradientFactors(input.index)), start, task.count * outputs);
        return this.#feeds.feed(view, [1, task.count, outputs]);
      }
      default:
        throw new RangeError(`a shard has no ${input.role}`);
    }
  }

  /** A product's inputs: the rows of all shards, and where its part goes. */
  #feedProduct(input: GraphInput, scratch: number): Fed {
    const { arena, layout } = this.#context;
    const rows = layout.shards * layout.shardRows;
    switch (input.role) {
      case 'inputFactors':
        return this.#feeds.feed(arena.int32(arena.slot(slotNames.inputFactors(input.index))), [
          rows,
          input.shape[1] as number,
        ]);
      case 'gradientFactors':
        return this.#feeds.feed(arena.float32(arena.slot(slotNames.gradientFactors(input.index))), [
          rows,
          input.shape[1] as number,
        ]);
      case 'rowShares':
        return this.#feeds.feed(arena.float32(arena.slot(slotNames.rowShares)), [rows, 1]);
      case 'firstRow':
        return this.#feeds.own(this.#firstRow, [2]);
      case 'product':
        return this.#feeds.feed(
          arena.float32(arena.slot(slotNames.product(scratch)), 0, elements(input.shape)),
          input.shape,
        );
      default:
        throw new RangeError(`a product has no ${input.role}`);
    }
  }

  #place(index: number): { readonly offset: number; readonly length: number } {
    const place = this.#context.layout.parameters[index];
    if (place === undefined) throw new RangeError(`a compiled graph asks for parameter ${index}, which does not exist`);
    return place;
  }

  #statsLine(task: ShardTask): Float32Array<SharedArrayBuffer> {
    const { arena, layout } = this.#context;
    const line = task.slot * layout.shards + task.shard;
    return arena.float32(arena.slot(slotNames.stats), line * statsLength, statsLength);
  }

  /** Fetched results in the order that `compileModel` gives them: statistics, gradients, new moving statistics. */
  #copyResults(task: ShardTask, results: readonly TensorId[]): void {
    const { arena, layout, native } = this.#context;
    const gradients = arena.slot(slotNames.gradients(task.shard));
    const moving = arena.slot(slotNames.moving(task.shard));
    const next = results.values();
    const take = () => native.read(next.next().value as TensorId);
    this.#statsLine(task).set(take());
    for (const { trainable, offset, length } of layout.parameters) {
      if (trainable) arena.float32(gradients, offset, length).set(take());
    }
    for (const { trainable, updatedByForward, offset, length } of layout.parameters) {
      if (!trainable && updatedByForward) arena.float32(moving, offset - layout.trainableLength, length).set(take());
    }
  }
}

function entry(name: Entry['name'], { inputs, outputs }: CompiledFunction): Entry {
  return {
    name,
    inputs,
    inputNames: inputs.map((input) => input.node).join(','),
    outputNames: outputs.join(','),
  };
}
