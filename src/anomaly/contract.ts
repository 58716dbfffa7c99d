/** What detectors of anomalies share. */

import type { LayersModel } from '../base/tf.js';
import type { ImageShape, Preprocess } from '../contracts/index.js';

/** A trained network; a `TrainedRun` is one. */
export interface AnomalyNetwork {
  readonly model: LayersModel;
  readonly record: {
    readonly image: ImageShape;
    readonly preprocess: Preprocess;
    /** `pixels` of a network that rebuilds images. */
    readonly targets: string;
  };
}

/** Height and width. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Size of feature maps. */
export interface Grid extends Size {
  readonly channels: number;
}

/** Feature maps of images, [count, height, width, channels]. */
export interface FeatureMaps extends Grid {
  readonly count: number;
  readonly values: Float32Array;
}

/** What a detector says of one image. */
export interface GridScores {
  /** [height, width] of the feature maps, higher means more anomalous. */
  readonly scores: Float64Array;
  /** Score of the image; undefined where it is the maximum of the smoothed map. */
  readonly image?: number;
}

/** A tensor in a file. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Judges feature maps. */
export interface Detector {
  /** @param image place among `maps.count`. */
  score(maps: FeatureMaps, image: number): GridScores;
  /** What a file keeps; without the network. */
  tensors(): StoredTensor[];
}

/** Takes in feature maps of normal images, batch by batch. */
export interface Fitting {
  add(maps: FeatureMaps): void;
  finish(): Detector;
}
