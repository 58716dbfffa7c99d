import { optionError } from '../base/errors.js';

/** An integer option of at least `minimum`. */
export function integer(name: string, minimum = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < minimum) {
      throw optionError(name, `an integer of at least ${minimum}`, text);
    }
    return value;
  };
}

/** An integer, or `auto`. */
export function integerOrAuto(name: string): (text: string) => number | 'auto' {
  const parse = integer(name);
  return (text) => {
    if (text === 'auto') return text;
    try {
      return parse(text);
    } catch {
      throw optionError(name, 'a positive integer or auto', text);
    }
  };
}

/** A positive number. */
export function positive(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value <= 0) throw optionError(name, 'a number above 0', text);
    return value;
  };
}

/** A number of at least 0. */
export function notNegative(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < 0)
      throw optionError(name, 'a number of at least 0', text);
    return value;
  };
}

/** One of some words. */
export function oneOf<Word extends string>(name: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw optionError(name, `one of ${words.join(', ')}`, text);
    return word;
  };
}

/**
 * `NAME` or `NAME:key=value,key=value`: a named choice with options of its own. Values are JSON where they can be, and so is
 * the whole, as recipes have it.
 */
export function named(name: string): (text: string) => { name: string } {
  return (text) => {
    if (text.startsWith('{')) return namedObject(name, text);
    const [word = '', ...rest] = text.split(':');
    if (word === '') throw optionError(name, 'NAME or NAME:key=value,...', text);
    const options: Record<string, unknown> = { name: word };
    const list = rest.join(':');
    // Commas inside [] or {} belong to a value.
    for (const pair of list === '' ? [] : list.split(/,(?![^[{]*[\]}])/)) {
      const at = pair.indexOf('=');
      if (at < 1) throw optionError(name, `key=value pairs after ${word}:`, pair);
      const value = pair.slice(at + 1);
      try {
        options[pair.slice(0, at)] = JSON.parse(value) as unknown;
      } catch {
        options[pair.slice(0, at)] = value;
      }
    }
    return options as { name: string };
  };
}

function namedObject(name: string, text: string): { name: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // told below: neither form
  }
  if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string')
    return { ...value, name: value.name };
  throw optionError(name, 'NAME:key=value,... or JSON as {"name":"NAME","key":value}', text);
}

/** `5` or `5:freeze=none,learningRate=1e-3`: epochs of a phase and its options, after the phases given before. */
export function phase(text: string, before: readonly Phase[] = []): Phase[] {
  const { name, ...options } = named('--phase')(text);
  return [...before, { ...options, epochs: integer('--phase')(name) }];
}

/** A phase as the configuration takes it; its other options are the configuration's to check. */
interface Phase {
  readonly epochs: number;
}

/** `224` or `224x192`: height and width. */
export function imageSize(text: string): [number, number] {
  const [height, width = height, ...rest] = text.split('x').map(Number);
  const sides = [height, width] as [number, number];
  if (rest.length > 0 || !sides.every((side) => Number.isInteger(side) && side >= 1)) {
    throw optionError('--image-size', 'a side as 224, or height and width as 224x192', text);
  }
  return sides;
}

/** `cat,dog` or `3,5`: classes by name or place. */
export function classList(text: string): string[] {
  const classes = text.split(',').map((part) => part.trim());
  if (classes.length < 2 || classes.includes(''))
    throw optionError('--classes', 'at least two names or places, as cat,dog', text);
  return classes;
}

/** `mixup=0.2,cutmix=1`; names and ranges are the configuration's to check. */
export function mixing(text: string): Record<string, unknown> {
  const { name: _, ...alphas } = named('--mix')(`mix:${text}`);
  return alphas;
}
