import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayersModel } from '../../src/base/tf.js';
import { type StepSpec, statsLength, targetLength } from '../../src/contracts/index.js';
import type { ShardTask } from '../../src/engine/index.js';
import { Masks } from '../../src/engine/masks.js';
import { type CompiledFunction, type CompiledModel, type CompileOptions, compileModel } from '../../src/graph/index.js';
import { elements, slotNames, ThreadMemory } from '../../src/memory/index.js';
import type { LoadedGraph, Native, TensorId } from '../../src/native/index.js';
import type { EngineRun } from './engine-run.js';

/** Compiles a model as the product does on this machine: with the kernels that this machine has. */
export function compileHere(
  native: Native,
  model: LayersModel,
  spec: StepSpec,
  options: CompileOptions = {},
): CompiledModel {
  return compileModel(model, spec, { kernels: native.kernels.ops, ...options });
}

/** Writes a graph to a folder of its own, loads it and removes the folder. */
export async function loadCompiled(native: Native, savedModel: Uint8Array): Promise<LoadedGraph> {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-graph-'));
  try {
    await writeFile(join(folder, 'saved_model.pb'), savedModel);
    return await native.loadGraph(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs compiled functions over the arena of a run, without an engine: what the graph alone does. */
export class GraphRun {
  constructor(
    readonly native: Native,
    readonly run: EngineRun,
    readonly compiled: CompiledModel,
    readonly graph: LoadedGraph,
    readonly seed: readonly [number, number] = [0, 0],
  ) {}

  readonly #masks = new Masks(new ThreadMemory());

  /** What is fed under the role `mix`: nothing is mixed. */
  mix = Float32Array.of(1, 1, 1, 0, 0, 0, 0, 0);

  static async open(
    native: Native,
    run: EngineRun,
    compiled: CompiledModel,
    seed?: readonly [number, number],
  ): Promise<GraphRun> {
    return new GraphRun(native, run, compiled, await loadCompiled(native, compiled.savedModel), seed);
  }

  /** One training step of a shard: gradients, moving statistics and stats land in the arena. */
  train(task: ShardTask): void {
    for (const id of this.#call(this.compiled.train, task)) this.native.release(id);
  }

  /** What a graph that does not write in place fetches. */
  trained(task: ShardTask): Float32Array[] {
    const ids = this.#call(this.compiled.train, task);
    const values = ids.map((id) => Float32Array.from(this.native.read(id)));
    for (const id of ids) this.native.release(id);
    return values;
  }

  /** Outputs of a shard, stats into the arena. */
  evaluate(task: ShardTask): Float32Array {
    return this.#outputs(this.compiled.evaluate, task);
  }

  /** Outputs of a shard. */
  predict(task: ShardTask): Float32Array {
    return this.#outputs(this.compiled.predict, task);
  }

  #outputs(entry: CompiledFunction, task: ShardTask): Float32Array {
    const ids = this.#call(entry, task);
    const outputs = this.native.read(ids[0] as TensorId) as Float32Array;
    for (const id of ids) this.native.release(id);
    return outputs;
  }

  #call(entry: CompiledFunction, task: ShardTask): TensorId[] {
    const fed = entry.inputs.map((input) => this.#tensor(input, task));
    try {
      return this.graph.run(
        fed,
        entry.inputs.map(({ node }) => node),
        entry.outputs,
      );
    } finally {
      for (const id of fed) this.native.release(id);
    }
  }

  #tensor(input: CompiledFunction['inputs'][number], { slot, shard, begin, count }: ShardTask): TensorId {
    const { arena, layout, spec } = this.run;
    const { native } = this;
    switch (input.role) {
      case 'pixels': {
        const { height, width, channels } = spec.image;
        const bytes = layout.imageBytes;
        const view = arena.uint8(arena.slot(slotNames.pixels(slot)), begin * bytes, count * bytes);
        return native.wrap(view, [count, height, width, channels]);
      }
      case 'features': {
        const length = layout.featureLength ?? 0;
        const view = arena.float32(arena.slot(slotNames.features(slot)), begin * length, count * length);
        return native.wrap(view, [count, ...input.shape]);
      }
      case 'targets': {
        const targets = arena.slot(slotNames.targets(slot));
        const { type, shape = [] } = layout.target;
        const length = targetLength(layout.target);
        return native.wrap(arena[type](targets, begin * length, count * length), [count, ...shape]);
      }
      case 'seed':
        return native.wrap(Int32Array.from(this.seed), [2]);
      case 'stats': {
        const line = (slot * layout.shards + shard) * statsLength;
        return native.wrap(arena.float32(arena.slot(slotNames.stats), line, statsLength), [1, statsLength]);
      }
      case 'parameter':
      case 'gradient':
      case 'state': {
        const place = layout.parameters[input.index];
        if (place === undefined) throw new RangeError(`no parameter ${input.index}`);
        const { offset, length } = place;
        if (input.role === 'parameter') {
          return native.wrap(arena.float32(arena.slot(slotNames.weights), offset, length), input.shape);
        }
        if (input.role === 'gradient') {
          return native.wrap(arena.float32(arena.slot(slotNames.gradients(shard)), offset, length), input.shape);
        }
        const moving = arena.slot(slotNames.moving(shard));
        return native.wrap(arena.float32(moving, offset - layout.trainableLength, length), input.shape);
      }
      case 'mix':
        return native.wrap(this.mix, [this.mix.length]);
      case 'mask': {
        const shape = input.shape.map((size) => (size < 0 ? count : size));
        const view = this.#masks.view(input.node, elements(shape));
        this.#masks.draw(view, input.rate, this.seed, input.layer);
        return native.wrap(view, shape);
      }
      default:
        throw new RangeError(`one shard has no ${input.role}`);
    }
  }
}
