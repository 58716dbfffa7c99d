/** JSON files with errors that name the line. */
import { fileError } from '../../base/errors.js';
import { readText } from './files.js';

/** Reads a JSON file. @throws ConvoyError `CONVOY_DATA` naming the line of the damage. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = damagedPlace(text);
    const line = text.slice(0, place).split('\n').length;
    const found = place >= text.length ? 'the end of the file' : JSON.stringify(text.slice(place, place + 20));
    throw fileError('CONVOY_DATA', file, `line ${line}`, 'JSON', found, error);
  }
}

/** Where a text stops being JSON: the longest start that could be the start of JSON. */
function damagedPlace(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Whether a text is JSON, or wrong only in that it ends. */
function mayGoOn(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const place = Number(/position (\d+)/.exec(message)?.[1] ?? -1);
    return /^(Unexpected end|Unterminated string)/.test(message) || place >= text.length;
  }
}
