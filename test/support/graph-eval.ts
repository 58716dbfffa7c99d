import { writeSavedModel } from '../../src/graph/saved-model.js';
import type { LoadedGraph, Native, TensorId } from '../../src/native/index.js';
import type { GraphBuilder } from '../../src/ops/builder.js';
import { type Shape, type Value, valueName } from '../../src/ops/types.js';
import { loadCompiled } from './graph-run.js';

/** A value to feed and its content. */
export interface Feed {
  readonly value: Value;
  readonly data: Float32Array | Int32Array | Uint8Array;
  /** Sizes, where the value's shape leaves the first one free. */
  readonly shape: Shape;
}

/** A graph in memory whose values can be asked for. */
export class GraphEvaluation {
  constructor(
    readonly native: Native,
    readonly graph: LoadedGraph,
  ) {}

  static async open(native: Native, graph: Pick<GraphBuilder, 'nodes'>): Promise<GraphEvaluation> {
    const last = graph.nodes.at(-1)?.outputs[0];
    if (last === undefined) throw new RangeError('an empty graph');
    const savedModel = writeSavedModel(graph.nodes, { inputs: {}, outputs: { last } }, '');
    return new GraphEvaluation(native, await loadCompiled(native, savedModel));
  }

  /** The values' contents for the given feeds. */
  values(feeds: readonly Feed[], wanted: readonly Value[]): Float32Array[] {
    const ids = feeds.map(({ data, shape }) => this.native.wrap(data, shape));
    const names = feeds.map(({ value }) => valueName(value));
    const results = this.graph.run(ids, names, wanted.map(valueName));
    const read = results.map((id: TensorId) => Float32Array.from(this.native.read(id)));
    for (const id of [...ids, ...results]) this.native.release(id);
    return read;
  }
}
