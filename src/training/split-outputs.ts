import type { Cluster } from '../contracts/index.js';
import type { ReadyBatch } from '../coordinator/index.js';
import type { Runtime } from '../runtime/index.js';

/** Gathers the outputs for every sample of a split; in a cluster, those of all ranks. */
export class SplitOutputs {
  readonly #values: Float32Array<SharedArrayBuffer>;

  constructor(
    private readonly runtime: Pick<Runtime, 'coordinator' | 'layout'>,
    private readonly count: number,
  ) {
    this.#values = new Float32Array(new SharedArrayBuffer(count * runtime.layout.outputLength * 4));
  }

  /** Takes a batch's outputs, of which this process has computed the first rows: its own samples. */
  take(outputs: Float32Array, { position, count }: ReadyBatch): void {
    const { coordinator, layout } = this.runtime;
    const { begin, end } = coordinator.share.samples(count);
    const width = layout.outputLength;
    this.#values.set(outputs.subarray(0, (end - begin) * width), (position + begin) * width);
  }

  /** [count, outputLength] in file order. In a cluster all ranks must call it, after the evaluation. */
  async whole(): Promise<Float32Array> {
    const { companions } = this.runtime.coordinator;
    const { outputLength: width, capacity } = this.runtime.layout;
    if (companions === undefined) return this.#values;
    for (let position = 0; position < this.count; position += capacity) {
      const count = Math.min(capacity, this.count - position);
      await companions.gatherRows(this.#values.subarray(position * width, (position + count) * width), count, width);
    }
    return this.#values;
  }
}

/** Whether any rank wants something; without a cluster, whether this process does. */
export async function wantedAnywhere(wanted: boolean, cluster: Cluster | undefined): Promise<boolean> {
  return cluster === undefined ? wanted : (await cluster.exchange(wanted)).some(Boolean);
}
