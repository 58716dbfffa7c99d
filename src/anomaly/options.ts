/** How a model of anomalies is fitted. */
import { z } from 'zod';
import { parseOptions } from '../base/validate.js';
import { type AnomalyMethod, anomalyMethods } from '../contracts/index.js';

/** Options of `fitAnomalyModel`. */
export interface AnomalyOptions {
  /** Default: `reconstruction` for a run that rebuilds images, else `padim`. */
  readonly method?: AnomalyMethod | undefined;
  /** Names of layers; default: the last one of each of three sizes, of PatchCore the two smaller ones. */
  readonly layers?: readonly string[] | undefined;
  /** PaDiM: channels, chosen by the seed; 100, or all where there are fewer. */
  readonly channels?: number | undefined;
  /** PatchCore: share of the patches that are kept; 0.1. */
  readonly share?: number | undefined;
  /** PatchCore: most patches that the kept ones are chosen from, as many of each image; 20,000. */
  readonly candidates?: number | undefined;
  /** PatchCore: patches that an image's score is weighed by; 9. */
  readonly neighbours?: number | undefined;
  /** Standard deviation of the smoothing, in pixels of the network's input; default: 4 for a side of 224, in proportion. */
  readonly sigma?: number | undefined;
  /** Share of the images that the threshold is chosen on and nothing else; 0.1. */
  readonly holdOut?: number | undefined;
  /** Share of those images that are below the threshold; 0.99. */
  readonly quantile?: number | undefined;
  readonly seed?: number | undefined;
  /** Places of the normal images among those given; default: all. */
  readonly samples?: ArrayLike<number> | undefined;
  /** Name of what is normal, for the file. */
  readonly normal?: string | undefined;
}

const share = z.number().gt(0).max(1);
const schema = z.strictObject({
  method: z.enum(anomalyMethods).optional(),
  layers: z.array(z.string()).min(1).optional(),
  channels: z.int().min(1).default(100),
  share: share.default(0.1),
  candidates: z.int().min(1).default(20_000),
  neighbours: z.int().min(1).default(9),
  sigma: z.number().min(0).optional(),
  holdOut: z.number().gt(0).max(0.9).default(0.1),
  quantile: share.default(0.99),
  seed: z.int().min(0).default(0),
  samples: z.custom<ArrayLike<number>>((value) => typeof value === 'object' && value !== null).optional(),
  normal: z.string().optional(),
});

/** @throws ConvoyError `CONVOY_OPTION`. */
export function parseAnomalyOptions(options: AnomalyOptions): z.output<typeof schema> {
  return parseOptions(schema, options, '');
}
