/** How often the values of a tensor fall into each of equal parts from `low` to `high`. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

/** Of one epoch, by the tensor's name; epoch 0 stands for the weights that a run ended with. */
export interface HistogramLine {
  readonly epoch: number;
  readonly weights: Readonly<Record<string, Histogram>>;
  /** Of the last batch's first shard, where the shard computes them. */
  readonly gradients?: Readonly<Record<string, Histogram>>;
}

const parts = 40;

/** A histogram of finite values in 40 equal parts. */
export function histogramOf(values: Float32Array): Histogram {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
    squares += value * value;
  }
  const counts = new Array<number>(parts).fill(0);
  const span = high - low;
  for (const value of values) {
    const part = span === 0 ? 0 : Math.min(parts - 1, Math.floor(((value - low) / span) * parts));
    counts[part] = (counts[part] ?? 0) + 1;
  }
  const mean = sum / Math.max(1, values.length);
  const deviation = Math.sqrt(Math.max(0, squares / Math.max(1, values.length) - mean * mean));
  return values.length === 0
    ? { low: 0, high: 0, counts, mean: 0, deviation: 0 }
    : { low, high, counts, mean, deviation };
}
