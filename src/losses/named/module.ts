import { z } from 'zod';
import { option, required } from '../../base/options.js';
import { defineLoss } from '../define.js';

/** A function of an ES module by the path of its file: see `ModuleLoss`. */
export const moduleLoss = defineLoss({
  name: 'module',
  title: 'A function of an ES module: eager engine only',
  source: 'yours',
  words: ['custom'],
  outputs: 'any',
  options: {
    path: required(z.string().min(1), 'file of the module'),
    export: option(z.string().min(1), undefined, 'the function among what the module exports; else its default export'),
  },
  examples: [],
});
