import { statSync } from 'node:fs';
import { choiceError, valueError } from '../api/errors.js';
import type { Parser } from './options.js';

/** The text as it is, for an option with a default. */
export const text: Parser<string> = (given) => given;

/** An integer of at least `minimum`. */
export function integer(minimum = 1): Parser<number> {
  return (given, name) => {
    const value = Number(given);
    if (given.trim() === '' || !Number.isInteger(value) || value < minimum) {
      throw valueError(name, `an integer of at least ${minimum}`, given);
    }
    return value;
  };
}

/** A positive integer, or `auto`. */
export const integerOrAuto: Parser<number | 'auto'> = (given, name) => {
  if (given === 'auto') return given;
  const value = Number(given);
  if (given.trim() === '' || !Number.isInteger(value) || value < 1) {
    throw valueError(name, 'a positive integer or auto', given);
  }
  return value;
};

/** A number above 0. */
export const positive: Parser<number> = (given, name) => {
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || value <= 0) throw valueError(name, 'a number above 0', given);
  return value;
};

/** A number of at least 0. */
export const notNegative: Parser<number> = (given, name) => {
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || value < 0)
    throw valueError(name, 'a number of at least 0', given);
  return value;
};

/** One of some words. */
export function oneOf<Word extends string>(words: readonly Word[]): Parser<Word> {
  return (given, name) => {
    const word = words.find((candidate) => candidate === given);
    if (word === undefined) throw choiceError(name, given, { known: words });
    return word;
  };
}

/** Some of some words, joined by commas. */
export function someOf<Word extends string>(words: readonly Word[]): Parser<Word[]> {
  const one = oneOf(words);
  return (given, name) => given.split(',').map((word) => one(word, name));
}

/** The names of definitions, and where their options stand, for help texts. */
export function namesOf(definitions: readonly { readonly name: string }[]): string {
  return `${definitions.map(({ name }) => name).join(', ')} (see docs/options.md)`;
}

/**
 * `NAME` or `NAME:key=value,key=value`: a named choice with options of its own. Values are JSON where they can be, and so is
 * the whole, as recipes have it.
 */
export const named: Parser<{ name: string }> = (given, name) => {
  if (given.startsWith('{')) return namedObject(given, name);
  const [word = '', ...rest] = given.split(':');
  if (word === '') throw valueError(name, 'NAME or NAME:key=value,...', given);
  return { name: word, ...pairs(rest.join(':'), name, `after ${word}:`) };
};

/** `key=value,key=value`; commas inside [] or {} belong to a value. */
function pairs(list: string, name: string, where: string): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const pair of list === '' ? [] : list.split(/,(?![^[{]*[\]}])/)) {
    const at = pair.indexOf('=');
    if (at < 1) throw valueError(name, `key=value pairs ${where}`.trim(), pair);
    const value = pair.slice(at + 1);
    try {
      options[pair.slice(0, at)] = JSON.parse(value) as unknown;
    } catch {
      options[pair.slice(0, at)] = value;
    }
  }
  return options;
}

function namedObject(given: string, name: string): { name: string } {
  let value: unknown;
  try {
    value = JSON.parse(given);
  } catch {
    // told below: neither form
  }
  if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string')
    return { ...value, name: value.name };
  throw valueError(name, 'NAME:key=value,... or JSON as {"name":"NAME","key":value}', given);
}

/** A phase as the configuration takes it; its other options are the configuration's to check. */
export interface PhaseFlag {
  readonly epochs: number;
}

/** `5` or `5:freeze=none,learningRate=1e-3`: epochs of a phase and its options, after the phases given before. */
export const phase: Parser<PhaseFlag[]> = (given, name, before = []) => {
  const { name: epochs, ...options } = named(given, name);
  return [...before, { ...options, epochs: integer()(epochs, name) }];
};

/** A folder that exists. */
export const existingFolder: Parser<string> = (given, name) => {
  if (statSync(given, { throwIfNoEntry: false })?.isDirectory() === true) return given;
  throw valueError(name, 'a folder that exists', given);
};

/** `224` or `224x192`: height and width. */
export const imageSize: Parser<[number, number]> = (given, name) => {
  const [height, width = height, ...rest] = given.split('x').map(Number);
  const sides = [height, width] as [number, number];
  if (rest.length > 0 || !sides.every((side) => Number.isInteger(side) && side >= 1)) {
    throw valueError(name, 'a side as 224, or height and width as 224x192', given);
  }
  return sides;
};

/** `cat,dog`: classes by name; a comma or backslash in a name follows a backslash (`a\, b,fox`). */
export const classList: Parser<string[]> = (given, name) => {
  const classes = [''];
  for (const [piece, escaped] of given.matchAll(/\\(.)|./gsu)) {
    if (piece === ',') classes.push('');
    else classes.push((classes.pop() ?? '') + (escaped ?? piece));
  }
  const names = classes.map((part) => part.trim());
  if (names.length < 2 || names.includes('')) throw valueError(name, 'at least two names, as cat,dog', given);
  return names;
};

/** `mixup=0.2,cutmix=1`; names and ranges are the configuration's to check. */
export const mixing: Parser<Record<string, unknown>> = (given, name) => pairs(given, name, 'as mixup=0.2,cutmix=1');

/** `key=value,key=value`, which the configuration checks. */
export function keyValues(example: string): Parser<Record<string, unknown>> {
  return (given, name) => pairs(given, name, example);
}

/** `f1,auc`: words, which the configuration checks. */
export const wordList: Parser<string[]> = (given) => given.split(',').map((word) => word.trim());
/** `image=picture,label=breed`; what columns may hold is the configuration's to check. */
export const columnNames: Parser<Record<string, string>> = (given, name) =>
  Object.fromEntries(
    given.split(',').map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1 || at === pair.length - 1)
        throw valueError(name, 'names of columns, as image=picture,label=breed', given);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );

/** `conv2:5`: channel 5 of layer conv2; after the neurons given before. */
export const neuron: Parser<{ layer: string; channel: number }[]> = (given, name, before = []) => {
  const at = given.lastIndexOf(':');
  const channel = given.slice(at + 1);
  if (at < 1 || !/^\d+$/.test(channel))
    throw valueError(name, 'LAYER:N, a layer and a channel from 0, as conv2:5,', given);
  return [...before, { layer: given.slice(0, at), channel: Number(channel) }];
};

/** `balanced`, or a number a class as `1,2,0.5`. */
export const classWeights: Parser<'balanced' | number[]> = (given, name) => {
  if (given === 'balanced') return given;
  const numbers = given
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!numbers.every((weight) => Number.isFinite(weight) && weight >= 0))
    throw valueError(name, 'balanced, or a number of at least 0 for each class, as 1,2,0.5,', given);
  return numbers;
};

/** A share of at least 0 and at most 0.9. */
export const share: Parser<number> = (given, name) => {
  const value = Number(given);
  if (given.trim() === '' || !(value >= 0 && value <= 0.9)) throw valueError(name, 'a share from 0 to 0.9', given);
  return value;
};
