import type { DatasetPair } from '../contracts/index.js';
import type { AnomalyNetwork } from './contract.js';
import { type AnomalyEvaluation, evaluateClasses, samplesOfClass } from './evaluate.js';
import { fitAnomalyModel } from './fit.js';
import type { AnomalyOptions } from './options.js';

/** Scores of the experiment in which one class is normal. */
export interface OneClassScores extends AnomalyEvaluation {
  readonly class: string;
}

/**
 * Each class normal in turn, all others anomalous: the one-class experiment of Ruff et al. 2018, "Deep one-class classification".
 * Fits on the class's training images and scores all test images.
 *
 * @param options of `fitAnomalyModel`; `limit` is the most training images of a class.
 * @returns scores, class by class; their mean area is `meanAuroc`.
 * @throws ConvoyError as `fitAnomalyModel`.
 */
export async function* oneClassScores(
  network: AnomalyNetwork,
  { train, test }: DatasetPair,
  { limit, ...options }: Omit<AnomalyOptions, 'samples' | 'normal'> & { readonly limit?: number | undefined } = {},
): AsyncGenerator<OneClassScores> {
  for (const name of train.classes) {
    const samples = samplesOfClass(train, name).subarray(0, limit);
    const model = await fitAnomalyModel(network, train, { ...options, samples });
    yield { class: name, ...(await evaluateClasses(model, test, name)) };
  }
}

/** Mean over classes of the area under the ROC curve. */
export function meanAuroc(scores: readonly OneClassScores[]): number {
  return scores.reduce((sum, { imageAuroc }) => sum + imageAuroc, 0) / scores.length;
}
