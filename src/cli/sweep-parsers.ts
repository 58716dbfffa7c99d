/** What of a search space the command line takes. */
import { valueError } from '../api/errors.js';
import type { Parser } from './options.js';
import { named } from './parsers.js';

/** A range of numbers to draw from. */
export interface RangeFlag {
  readonly min: number;
  readonly max: number;
  readonly scale: 'linear' | 'log';
  readonly integer: boolean;
}

/**
 * `lr=0.1,0.01` or `optimizer=sgd:momentum=0.9,nesterov=true,adam`, after the lists given before. Commas inside [] and {}, and
 * those before `key=`, belong to a value.
 */
export const gridList: Parser<Record<string, unknown[]>> = (given, name, before = {}) => {
  const [key, text] = pair(given, name, 'NAME=VALUE,VALUE as learning-rate=0.1,0.01');
  const values = text.split(/,(?![^[{]*[\]}]|\w+=)/).map((value) => {
    if (/^[A-Za-z][\w-]*:\w+=/.test(value)) return named(value, name);
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  });
  return { ...before, [key]: values };
};

/** `lr=1e-4..0.1` or `batch-size=16..128:log,integer` after the ranges given before. */
export const rangeOf: Parser<Record<string, RangeFlag>> = (given, name, before = {}) => {
  const expected = 'NAME=MIN..MAX with :log, :integer or both, as learning-rate=1e-4..0.1:log';
  const [key, text] = pair(given, name, expected);
  const [bounds = '', words = ''] = text.split(':');
  const [min, max, ...more] = bounds.split('..').map((bound) => (bound.trim() === '' ? Number.NaN : Number(bound)));
  const traits = words === '' ? [] : words.split(',');
  const known = traits.every((word) => ['log', 'linear', 'integer'].includes(word));
  if (min === undefined || max === undefined || Number.isNaN(min) || Number.isNaN(max) || more.length > 0 || !known)
    throw valueError(name, expected, given);
  const scale = traits.includes('log') ? 'log' : 'linear';
  return { ...before, [key]: { min, max, scale, integer: traits.includes('integer') } };
};

function pair(given: string, name: string, expected: string): [key: string, text: string] {
  const at = given.indexOf('=');
  if (at < 1 || at === given.length - 1) throw valueError(name, expected, given);
  return [given.slice(0, at).trim(), given.slice(at + 1)];
}
