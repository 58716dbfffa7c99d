/**
 * PaDiM: a Gaussian of features at each place, and the Mahalanobis distance from it. Defard, Setkov, Loesch, Audigier 2021, "PaDiM: a
 * patch distribution modeling framework for anomaly detection and localization".
 */
import { valueError } from '../base/errors.js';
import type { Detector, FeatureMaps, Fitting, Grid, GridScores, StoredTensor } from './contract.js';
import { cholesky, mahalanobis, PlaceStatistics, triangle } from './place-statistics.js';

/** Added to the diagonal of covariances, as in the paper. */
const ridge = 0.01;

/** Most numbers of all covariances: 2 GB in float64. */
const mostNumbers = 2 ** 28;

/** @throws ConvoyError `CONVOY_OPTION` for covariances that are too large together. */
export function fitPadim(grid: Grid): Fitting {
  const { height, width, channels } = grid;
  const numbers = height * width * triangle(channels);
  if (numbers > mostNumbers) {
    throw valueError(
      'channels',
      `fewer channels or smaller layers: covariances of at most ${mostNumbers} numbers`,
      `${channels} channels at ${height}x${width} places, ${numbers} numbers`,
    );
  }
  const statistics = new PlaceStatistics(grid);
  return {
    add: (maps) => statistics.add(maps),
    finish() {
      const factors = statistics.covariance(ridge);
      const size = triangle(channels);
      for (let start = 0; start < factors.length; start += size) {
        cholesky(factors.subarray(start, start + size), channels);
      }
      return new Padim(grid, Float32Array.from(statistics.mean), Float32Array.from(factors));
    },
  };
}

/** A fitted PaDiM. */
export class Padim implements Detector {
  readonly #grid: Grid;
  readonly #mean: Float32Array;
  readonly #factors: Float32Array;

  /**
   * @param mean [height, width, channels].
   * @param factors Cholesky factors of the covariances, [height, width, lower triangle].
   */
  constructor(grid: Grid, mean: Float32Array, factors: Float32Array) {
    this.#grid = grid;
    this.#mean = mean;
    this.#factors = factors;
  }

  score({ values }: FeatureMaps, image: number): GridScores {
    const { height, width, channels } = this.#grid;
    const size = triangle(channels);
    const solved = new Float64Array(channels);
    const first = image * height * width * channels;
    const scores = new Float64Array(height * width);
    for (let place = 0; place < scores.length; place++) {
      const start = place * channels;
      scores[place] = mahalanobis(
        values.subarray(first + start, first + start + channels),
        this.#mean.subarray(start, start + channels),
        this.#factors.subarray(place * size, (place + 1) * size),
        solved,
      );
    }
    return { scores };
  }

  tensors(): StoredTensor[] {
    const { height, width, channels } = this.#grid;
    return [
      { name: 'mean', shape: [height, width, channels], data: this.#mean },
      { name: 'factors', shape: [height, width, triangle(channels)], data: this.#factors },
    ];
  }
}
