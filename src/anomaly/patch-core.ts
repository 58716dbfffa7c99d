/**
 * PatchCore: distance from the nearest of some normal patches. Roth, Pemula, Zepeda, Schölkopf, Brox, Gehler 2022, "Towards total
 * recall in industrial anomaly detection".
 */
import { permutation, RandomStream } from '../base/random.js';
import type { Detector, FeatureMaps, Fitting, Grid, GridScores, StoredTensor } from './contract.js';
import { kCenter, type PointList, randomProjection, squaredDistance } from './core-set.js';

/** How a core set is chosen. */
export interface CoreSetOptions {
  /** Images that will be added. */
  readonly images: number;
  /** Share of the candidates that are kept. */
  readonly share: number;
  /** Most candidates: a random choice of each image's patches, as many of each. */
  readonly candidates: number;
  readonly neighbours: number;
  readonly seed: number;
}

/** Dimensions in which the core set is chosen. */
const projected = 128;

export function fitPatchCore(grid: Grid, options: CoreSetOptions): Fitting {
  const { height, width, channels } = grid;
  const { images, share, candidates, neighbours, seed } = options;
  const places = height * width;
  const perImage = Math.min(places, Math.max(1, Math.floor(candidates / images)));
  const kept: Float32Array[] = [];
  return {
    add({ count, values }) {
      for (let image = 0; image < count; image++) {
        const order = permutation(places, new RandomStream(seed, 'sample', kept.length));
        const patches = new Float32Array(perImage * channels);
        for (let i = 0; i < perImage; i++) {
          const start = (image * places + (order[i] as number)) * channels;
          patches.set(values.subarray(start, start + channels), i * channels);
        }
        kept.push(patches);
      }
    },
    finish() {
      const count = kept.length * perImage;
      const all = { values: new Float32Array(count * channels), count, dimensions: channels };
      for (const [image, patches] of kept.entries()) all.values.set(patches, image * perImage * channels);
      const first = new RandomStream(seed, 'draw').below(count);
      const wanted = Math.max(1, Math.round(share * count));
      const chosen = kCenter(randomProjection(all, projected, seed), wanted, first);
      const bank = new Float32Array(chosen.length * channels);
      for (const [place, point] of chosen.entries()) {
        bank.set(all.values.subarray(point * channels, (point + 1) * channels), place * channels);
      }
      return new PatchCore(grid, bank, neighbours);
    },
  };
}

/** A fitted PatchCore. */
export class PatchCore implements Detector {
  readonly #grid: Grid;
  readonly #bank: PointList;
  readonly #neighbours: number;

  /**
   * @param bank normal patches, [patches, channels].
   * @param neighbours patches of the bank that the weight of an image's score is computed from.
   */
  constructor(grid: Grid, bank: Float32Array, neighbours: number) {
    this.#grid = grid;
    this.#bank = { values: bank, count: bank.length / grid.channels, dimensions: grid.channels };
    this.#neighbours = neighbours;
  }

  score({ values }: FeatureMaps, image: number): GridScores {
    const { height, width, channels } = this.#grid;
    const places = height * width;
    const scores = new Float64Array(places);
    let farthest = { patch: new Float32Array(), nearest: 0, distance: -1 };
    for (let place = 0; place < places; place++) {
      const start = (image * places + place) * channels;
      const patch = values.subarray(start, start + channels);
      const { nearest, distance } = nearestPoint(this.#bank, patch);
      scores[place] = distance;
      if (distance > farthest.distance) farthest = { patch: Float32Array.from(patch), nearest, distance };
    }
    return { scores, image: farthest.distance * this.#weight(farthest.patch, farthest.nearest) };
  }

  /** Equation 7: patches near a normal patch that is itself far from the others count for more. */
  #weight(patch: Float32Array, nearest: number): number {
    const { values, dimensions } = this.#bank;
    const around = neighboursOf(this.#bank, nearest, this.#neighbours);
    if (around.length < 2) return 1;
    const distances = around.map((point) => Math.sqrt(squaredDistance(values, point * dimensions, patch)));
    const most = Math.max(...distances);
    const own = Math.sqrt(squaredDistance(values, nearest * dimensions, patch));
    const sum = distances.reduce((total, distance) => total + Math.exp(distance - most), 0);
    return 1 - Math.exp(own - most) / sum;
  }

  tensors(): StoredTensor[] {
    const { values, count, dimensions } = this.#bank;
    return [{ name: 'bank', shape: [count, dimensions], data: values }];
  }
}

function nearestPoint(
  { values, count, dimensions }: PointList,
  patch: Float32Array,
): { readonly nearest: number; readonly distance: number } {
  let [nearest, least] = [0, Number.POSITIVE_INFINITY];
  for (let point = 0; point < count; point++) {
    const squares = squaredDistance(values, point * dimensions, patch, least);
    if (squares < least) [nearest, least] = [point, squares];
  }
  return { nearest, distance: Math.sqrt(least) };
}

/** The nearest points of a point of the bank, itself among them. */
function neighboursOf({ values, count, dimensions }: PointList, point: number, wanted: number): number[] {
  const own = values.subarray(point * dimensions, (point + 1) * dimensions);
  const squares = Float64Array.from({ length: count }, (_, other) => squaredDistance(values, other * dimensions, own));
  const order = Array.from(squares.keys()).sort((a, b) => (squares[a] as number) - (squares[b] as number) || a - b);
  return order.slice(0, wanted);
}
