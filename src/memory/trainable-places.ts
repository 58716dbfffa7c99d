import { type FactorPlace, type LayoutParameter, type PlacedParameter, planLayout } from './layout.js';

/** Places of the trainable parameters, which are those they have in any layout of these parameters. */
export function trainablePlaces(
  parameters: readonly LayoutParameter[],
  factors: readonly FactorPlace[] = [],
): PlacedParameter[] {
  const { parameters: placed } = planLayout({
    parameters,
    shards: 1,
    slots: 0,
    capacity: 0,
    imageBytes: 0,
    target: { type: 'int32', shape: [] },
    outputLength: 0,
    optimizerStates: [],
    factors,
  });
  return placed.filter((parameter) => parameter.trainable);
}
