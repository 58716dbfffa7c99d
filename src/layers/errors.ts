import { ConvoyError } from '../base/errors.js';

/** An error about one layer of a model file. */
export function layerError(
  file: string,
  layer: string,
  expected: string,
  found: unknown,
  cause?: unknown,
): ConvoyError {
  const shown = typeof found === 'string' ? found : (JSON.stringify(found) ?? String(found));
  const text = shown.length > 120 ? `${shown.slice(0, 117)}...` : shown;
  return new ConvoyError(
    'CONVOY_MODEL',
    `${file}: layer ${layer}: expected ${expected} but found ${text}`,
    { file, place: layer },
    cause,
  );
}
