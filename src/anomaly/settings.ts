/** What a file of a model keeps besides tensors. */
import { z } from 'zod';
import { type AnomalyMethod, anomalyMethods } from '../contracts/index.js';
import type { FeatureOptions } from './network.js';

/** What was fitted and how, and the thresholds. */
export interface AnomalySettings {
  readonly method: AnomalyMethod;
  /** Of PaDiM and PatchCore. */
  readonly features?: FeatureOptions;
  /** Standard deviation of the smoothing in pixels. */
  readonly sigma: number;
  /** Of PatchCore. */
  readonly neighbours: number;
  /** Scores of images above it are anomalous. */
  readonly threshold: number;
  /** The same for places of maps: middle of the colours of heat maps. */
  readonly mapThreshold: number;
  /** Share of held-out normal images below the thresholds. */
  readonly quantile: number;
  /** Images that were fitted, and that the threshold was chosen on. */
  readonly fitted: number;
  readonly heldOut: number;
  /** Name of what is normal. */
  readonly normal?: string;
}

/** Key of the safetensors metadata. */
export const metadataKey = 'convoy_anomaly_model';
/** Prefix of the network's weights. */
export const ofNetwork = 'network/';

const number = z.number();
/** The metadata's JSON. */
export const metadataSchema = z.object({
  settings: z.object({
    method: z.enum(anomalyMethods),
    features: z
      .object({
        layers: z.array(z.string()).min(1),
        averaged: z.boolean(),
        chosen: z.array(z.int().min(0)).exactOptional(),
      })
      .exactOptional(),
    sigma: number.min(0),
    neighbours: z.int().min(1),
    threshold: number,
    mapThreshold: number,
    quantile: number,
    fitted: number,
    heldOut: number,
    normal: z.string().exactOptional(),
  }),
  record: z.object({
    image: z.object({ height: z.int().min(1), width: z.int().min(1), channels: z.int().min(1) }),
    preprocess: z.object({ scale: z.array(number), offset: z.array(number) }),
    targets: z.string(),
  }),
  architecture: z.unknown(),
});
