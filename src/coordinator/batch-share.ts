import { shards as cutShards } from '../data/index.js';
import type { ShardSpan } from '../memory/index.js';

/** Neighbouring samples of a batch. */
export interface SampleSpan {
  readonly begin: number;
  readonly end: number;
}

/** What of each batch this process computes: all of it, or in a cluster the samples of some shards. */
export class BatchShare {
  constructor(
    /** Of a whole batch. */
    private readonly shards: number,
    private readonly own: ShardSpan,
  ) {}

  /** The own samples of a batch of `count`. */
  samples(count: number): SampleSpan {
    const cut = cutShards(count, this.shards);
    return { begin: cut[this.own.begin]?.begin ?? count, end: cut[this.own.end - 1]?.end ?? count };
  }

  /** How many own samples lie between two positions of an epoch that is cut into batches. */
  counted(epoch: { readonly samples: number; readonly batchSize: number }, from: number, until: number): number {
    const { samples, batchSize } = epoch;
    let counted = 0;
    for (let first = from - (from % batchSize); first < until; first += batchSize) {
      const { begin, end } = this.samples(Math.min(batchSize, samples - first));
      counted += Math.max(0, Math.min(until, first + end) - Math.max(from, first + begin));
    }
    return counted;
  }
}
