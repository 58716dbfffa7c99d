import type { ConfigInput } from '../api/config.js';

/** Name of a run's folder: its recipe, or its data and network. */
export function runName({ recipe, dataset, model }: ConfigInput): string {
  const lastPart = (path: string | undefined): string | undefined => path?.split('/').filter(Boolean).at(-1);
  return recipe ?? `${lastPart(dataset) ?? 'run'}-${lastPart(model?.name) ?? 'model'}`;
}
