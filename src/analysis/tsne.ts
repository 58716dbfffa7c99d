import { valueError } from '../base/errors.js';
import { type Points, pca } from './pca.js';

/** Options of `tsne`; defaults are scikit-learn's. */
export interface TsneOptions {
  /** Effective number of neighbours, below the number of points; 30. */
  readonly perplexity?: number;
  /** 1000, of which 250 with exaggerated attraction. */
  readonly iterations?: number;
  /** max(50, count / 48). */
  readonly learningRate?: number;
}

/** A t-SNE embedding. */
export interface Tsne {
  /** [count, 2] */
  readonly embedding: Float64Array;
  /** What was minimised: Kullback-Leibler divergence of the neighbourhoods. */
  readonly divergence: number;
}

/** Beyond this the exact method, quadratic in points, takes minutes and over 100 MB. */
const maximumPoints = 4000;

/** van der Maaten and Hinton 2008, with the values of scikit-learn's `TSNE`. */
const exaggeration = 12;
const exploration = { iterations: 250, momentum: 0.5 };
const finalMomentum = 0.8;
const smallestGain = 0.01;
const smallest = Number.EPSILON;

/**
 * Exact t-SNE in two dimensions (van der Maaten and Hinton 2008), started from the first two principal components, so
 * that the same points always give the same embedding. For more than about 50 dimensions project by `pca` first.
 * It runs to the end on the calling thread: about half a minute for 2,000 points on one core.
 *
 * @throws ConvoyError `CONVOY_OPTION` for more than 4,000 points, fewer than 4, or a perplexity that does not fit them.
 */
export function tsne(points: Points, options: TsneOptions = {}): Tsne {
  const { count } = points;
  if (count < 4 || count > maximumPoints) throw valueError('points', `4 to ${maximumPoints} points`, count);
  const {
    perplexity = Math.min(30, (count - 1) / 3),
    iterations = 1000,
    learningRate = Math.max(50, count / exaggeration / 4),
  } = options;
  const affinities = jointProbabilities(points, perplexity);
  const y = initialEmbedding(points);
  const early = Math.min(exploration.iterations, iterations);
  descend(y, affinities, { iterations: early, momentum: exploration.momentum, learningRate, attraction: exaggeration });
  descend(y, affinities, { iterations: iterations - early, momentum: finalMomentum, learningRate, attraction: 1 });
  return { embedding: y, divergence: divergence(y, affinities) };
}

/** The first two principal components, so small that all points attract each other at first. */
function initialEmbedding(points: Points): Float64Array {
  const { projection, explainedVariance } = pca(points, Math.min(2, points.dimensions));
  const deviation = Math.sqrt(((explainedVariance[0] as number) * (points.count - 1)) / points.count);
  const factor = deviation === 0 ? 0 : 1e-4 / deviation;
  if (points.dimensions >= 2) return projection.map((value) => value * factor);
  return Float64Array.from({ length: points.count * 2 }, (_, i) =>
    i % 2 === 0 ? (projection[i / 2] as number) * factor : 0,
  );
}

/**
 * Symmetric neighbour probabilities of t-SNE: for each point a Gaussian whose width gives the wished perplexity, both
 * directions averaged.
 *
 * @returns one value per pair i < j, in the order (0,1), (0,2) ... (1,2) ...; they sum to 1/2.
 * @throws ConvoyError `CONVOY_OPTION` when the perplexity is not between 1 and the number of other points.
 */
export function jointProbabilities({ values, count, dimensions }: Points, perplexity: number): Float64Array {
  if (!(perplexity >= 1 && perplexity <= count - 1)) {
    throw valueError('perplexity', `a number from 1 to ${count - 1}`, perplexity);
  }
  const joint = new Float64Array((count * (count - 1)) / 2);
  const distances = new Float64Array(count);
  const row = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      let sum = 0;
      for (let k = 0; k < dimensions; k++) {
        sum += ((values[i * dimensions + k] as number) - (values[j * dimensions + k] as number)) ** 2;
      }
      distances[j] = sum;
    }
    conditionalProbabilities(distances, i, Math.log(perplexity), row);
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const pair = pairIndex(Math.min(i, j), Math.max(i, j), count);
      joint[pair] = (joint[pair] as number) + (row[j] as number);
      total += row[j] as number;
    }
  }
  return joint.map((value) => Math.max(value / (2 * total), smallest));
}

function pairIndex(i: number, j: number, count: number): number {
  return i * count - (i * (i + 1)) / 2 + j - i - 1;
}

/** Finds by bisection the Gaussian around point `self` whose entropy is `entropy`, and writes its probabilities. */
function conditionalProbabilities(distances: Float64Array, self: number, entropy: number, row: Float64Array): void {
  let nearest = Number.POSITIVE_INFINITY; // subtracted, so that the exponentials cannot all vanish
  distances.forEach((distance, j) => {
    if (j !== self) nearest = Math.min(nearest, distance);
  });
  let precision = 1;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  for (let step = 0; step < 200; step++) {
    let sum = 0;
    let weighted = 0;
    for (let j = 0; j < row.length; j++) {
      const distance = (distances[j] as number) - nearest;
      const weight = j === self ? 0 : Math.exp(-distance * precision);
      row[j] = weight;
      sum += weight;
      weighted += distance * weight;
    }
    for (let j = 0; j < row.length; j++) row[j] = (row[j] as number) / sum;
    const excess = Math.log(sum) + (precision * weighted) / sum - entropy;
    if (Math.abs(excess) <= 1e-5) return;
    if (excess > 0) low = precision;
    else high = precision;
    precision = high === Number.POSITIVE_INFINITY ? precision * 2 : (low + high) / 2;
  }
}

interface Descent {
  readonly iterations: number;
  readonly momentum: number;
  readonly learningRate: number;
  /** Factor on the affinities. */
  readonly attraction: number;
}

/** Gradient descent with momentum and a gain per coordinate (Jacobs 1988), in place. */
function descend(
  y: Float64Array,
  affinities: Float64Array,
  { iterations, momentum, learningRate, attraction }: Descent,
): void {
  const gradient = new Float64Array(y.length);
  const velocity = new Float64Array(y.length);
  const gains = new Float64Array(y.length).fill(1);
  for (let iteration = 0; iteration < iterations; iteration++) {
    fillGradient(y, affinities, attraction, gradient);
    for (let i = 0; i < y.length; i++) {
      const slope = gradient[i] as number;
      const speed = velocity[i] as number;
      const gain = Math.max(smallestGain, slope * speed < 0 ? (gains[i] as number) + 0.2 : (gains[i] as number) * 0.8);
      gains[i] = gain;
      velocity[i] = momentum * speed - learningRate * gain * slope;
      y[i] = (y[i] as number) + (velocity[i] as number);
    }
  }
}

/** 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2), both sums in one pass over the pairs. */
function fillGradient(y: Float64Array, affinities: Float64Array, attraction: number, gradient: Float64Array): void {
  const count = y.length / 2;
  const repulsion = new Float64Array(y.length);
  gradient.fill(0);
  let pair = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const xi = y[2 * i] as number;
    const yi = y[2 * i + 1] as number;
    let [pullX, pullY, pushX, pushY] = [0, 0, 0, 0];
    for (let j = i + 1; j < count; j++, pair++) {
      const dx = xi - (y[2 * j] as number);
      const dy = yi - (y[2 * j + 1] as number);
      const near = 1 / (1 + dx * dx + dy * dy);
      const pull = (affinities[pair] as number) * near;
      const push = near * near;
      total += near;
      pullX += pull * dx;
      pullY += pull * dy;
      pushX += push * dx;
      pushY += push * dy;
      gradient[2 * j] = (gradient[2 * j] as number) - pull * dx;
      gradient[2 * j + 1] = (gradient[2 * j + 1] as number) - pull * dy;
      repulsion[2 * j] = (repulsion[2 * j] as number) - push * dx;
      repulsion[2 * j + 1] = (repulsion[2 * j + 1] as number) - push * dy;
    }
    gradient[2 * i] = (gradient[2 * i] as number) + pullX;
    gradient[2 * i + 1] = (gradient[2 * i + 1] as number) + pullY;
    repulsion[2 * i] = (repulsion[2 * i] as number) + pushX;
    repulsion[2 * i + 1] = (repulsion[2 * i + 1] as number) + pushY;
  }
  for (let i = 0; i < y.length; i++) {
    gradient[i] = 4 * (attraction * (gradient[i] as number) - (repulsion[i] as number) / (2 * total));
  }
}

function divergence(y: Float64Array, affinities: Float64Array): number {
  const count = y.length / 2;
  const near = new Float64Array(affinities.length);
  let pair = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++, pair++) {
      const [dx, dy] = [
        (y[2 * i] as number) - (y[2 * j] as number),
        (y[2 * i + 1] as number) - (y[2 * j + 1] as number),
      ];
      near[pair] = 1 / (1 + dx * dx + dy * dy);
      total += near[pair] as number;
    }
  }
  let sum = 0;
  affinities.forEach((p, k) => {
    sum += 2 * p * Math.log(p / Math.max((near[k] as number) / (2 * total), smallest));
  });
  return sum;
}
