import { combinationError } from '../base/errors.js';
import type { RunRecord } from '../run/index.js';

/** What says something of new images. */
export type PredictingMethod = 'predict' | 'segment' | 'detect' | 'reconstruct';

/** By what a network was trained on. */
const methods: Readonly<Record<RunRecord['targets'], PredictingMethod>> = {
  classes: 'predict',
  'multi-label': 'predict',
  masks: 'segment',
  boxes: 'detect',
  pixels: 'reconstruct',
};

/** @throws ConvoyError `CONVOY_OPTION` for a method of another task than the run's. */
export function needTask({ targets }: Pick<RunRecord, 'targets'>, asked: PredictingMethod): void {
  const right = methods[targets];
  if (right !== asked) throw combinationError(asked, 'needs', `a run of another task; this one has ${right}`);
}
