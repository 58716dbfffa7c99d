/** Variance of a byte drawn uniformly from 0..255 is (256^2 - 1) / 12; the sum of four has four times that. */
const fourBytesDeviation = Math.sqrt((4 * (256 ** 2 - 1)) / 12);

/** Nearly normal, mean 0, deviation 1: the sum of the four bytes of a word (Irwin-Hall), a tenth of Box-Muller's cost. */
export function roughNormal(word: number): number {
  const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
  return (sum - 510) / fourBytesDeviation;
}
