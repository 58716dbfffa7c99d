import { type ConvoyError, fileError } from '../base/errors.js';
import { isObject } from '../layers/index.js';

const longestPlace = 160;

/** An error about the inside of a weights file. */
export function weightsError(
  file: string,
  place: string,
  expected: string,
  found: string,
  cause?: unknown,
): ConvoyError {
  // A hostile file may have names of any length.
  const shown = place.length > longestPlace ? `${place.slice(0, longestPlace)}...` : place;
  return fileError('CONVOY_WEIGHTS', file, shown, expected, found, cause);
}

/** A JSON object of a weights file; parse errors and other values are refused with `place`. */
export function parseJsonObject(file: string, place: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw weightsError(file, place, 'JSON', error instanceof Error ? error.message : String(error), error);
  }
  if (!isObject(value)) {
    throw weightsError(
      file,
      place,
      'a JSON object',
      Array.isArray(value) ? 'a list' : JSON.stringify(value).slice(0, 40),
    );
  }
  return value;
}
