import { RandomStream } from '../base/random.js';
import { type MixSpec, mixLength, mixPlaces, type StepSpec } from '../contracts/index.js';

/**
 * How a shard's samples are mixed in a step, as `mixPlaces` orders it: with mixup (Zhang et al. 2018) a share drawn from
 * Beta(alpha, alpha), with CutMix (Yun et al. 2019) a box of that share of the image, cut off at its edges, whose real
 * area then counts. Where both are asked for, one of them by an even chance. A pure function of seed, step and shard.
 */
export function drawMix(
  { mixup = 0, cutmix = 0 }: MixSpec,
  { height, width }: StepSpec['image'],
  { seed, step, shard }: { readonly seed: number; readonly step: number; readonly shard: number },
): number[] {
  const stream = new RandomStream(seed, 'mix', step, shard);
  const cuts = cutmix > 0 && (mixup === 0 || stream.uniform() < 0.5);
  const share = beta(cuts ? cutmix : mixup, stream);
  const drawn = new Array<number>(mixLength).fill(0);
  if (!cuts) {
    drawn[mixPlaces.share] = drawn[mixPlaces.outside] = drawn[mixPlaces.inside] = share;
    return drawn;
  }
  const side = Math.sqrt(1 - share) / 2;
  const [row, column] = [stream.below(height), stream.below(width)];
  const [halfRows, halfColumns] = [Math.floor(height * side), Math.floor(width * side)];
  const top = Math.max(0, row - halfRows);
  const bottom = Math.min(height, row + halfRows);
  const left = Math.max(0, column - halfColumns);
  const right = Math.min(width, column + halfColumns);
  drawn[mixPlaces.share] = 1 - ((bottom - top) * (right - left)) / (height * width);
  drawn[mixPlaces.outside] = 1;
  drawn[mixPlaces.top] = top;
  drawn[mixPlaces.bottom] = bottom;
  drawn[mixPlaces.left] = left;
  drawn[mixPlaces.right] = right;
  return drawn;
}

/** Below this a number has not all of its digits any more: the smallest normal float64 is 2^-1022. */
const fewDigits = 2 ** -960;

/** A number from Beta(alpha, alpha), as the share of one of two gamma numbers. */
function beta(alpha: number, stream: RandomStream): number {
  const [one, other] = [gammaParts(alpha, stream), gammaParts(alpha, stream)];
  const [a, b] = [one, other].map(({ factor, base, power }) => factor * base ** power) as [number, number];
  if (a + b > fewDigits) return a / (a + b);
  // Of the smallest alphas both vanish; their logarithms still say which is the greater, by orders of magnitude.
  const [logA, logB] = [one, other].map(({ factor, base, power }) => Math.log(factor) + power * Math.log(base)) as [
    number,
    number,
  ];
  return 1 / (1 + Math.exp(logB - logA));
}

/** A gamma number as factor * base ^ power: for shapes below 1 with Marsaglia's and Tsang's power of a uniform number. */
function gammaParts(
  shape: number,
  stream: RandomStream,
): { readonly factor: number; readonly base: number; readonly power: number } {
  if (shape >= 1) return { factor: gamma(shape, stream), base: 1, power: 1 };
  return { factor: gamma(shape + 1, stream), base: 1 - stream.uniform(), power: 1 / shape };
}

/** Marsaglia and Tsang 2000, of shapes of at least 1. */
function gamma(shape: number, stream: RandomStream): number {
  const d = shape - 1 / 3;
  for (;;) {
    const normal = stream.normal();
    const v = (1 + normal / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - stream.uniform()) < normal ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
