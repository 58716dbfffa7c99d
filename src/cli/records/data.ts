/** Records of datasets, networks and recipes. */
import { z } from 'zod';
import { picture } from './common.js';
import { bytes, count, figure, flag, imageShape, list, number, record, sha256, share, text } from './parts.js';

const whereabouts = {
  title: text('what it is').optional(),
  state: z
    .enum(['drawn', 'found', 'missing'])
    .optional()
    .describe('of a dataset with a name: needs no files, lies at path, or would be downloaded'),
  path: text('folder or archive it lies in').optional(),
  downloadBytes: bytes('download').optional(),
  addresses: list(text('address'), 'where it is published').optional(),
};

const listed = record('dataset', 'a dataset that convoy knows by name', {
  name: text('for --dataset'),
  shape: imageShape,
  classes: count('classes'),
  trainCount: count('training images'),
  testCount: count('test images'),
  ...whereabouts,
});

export const dataList = [listed];

const bad = z.looseObject({ file: text('path, or file and place'), reason: text('in English') });

export const dataInfo = [
  record('dataset', 'what is in a dataset', {
    name: text('as given'),
    shape: imageShape,
    classes: z.union([list(text('name'), 'in the order of labels'), count('how many, of a dataset that is not here')]),
    store: z.enum(['pixels', 'files']).optional().describe('in memory, or in files and decoded when needed'),
    splits: list(
      z.looseObject({
        split: z.enum(['train', 'test', 'validation']),
        count: count('images'),
        perClass: list(count('images'), 'by class'),
        fingerprint: sha256('of names, sizes and labels, and of pixels in memory'),
      }),
      'the splits there are',
    ).optional(),
    badImages: list(bad, 'images that cannot be used').optional(),
    notes: list(text('in English'), 'how it was read').optional(),
    trainCount: count('training images, of a dataset that is not here').optional(),
    testCount: count('test images, of a dataset that is not here').optional(),
    ...whereabouts,
  }),
];

const counts = z.record(z.string(), count('images')).describe('images by split');

export const dataConvert = [
  record('converted', 'TFRecord files were written', { files: list(text('path'), 'all files'), counts }),
];

export const dataPack = [
  record('packed', 'a packed file was written', {
    file: text('path'),
    bytes: bytes('size of the file'),
    store: z.enum(['pixels', 'images']).describe('decoded pixels, or encoded images'),
    counts,
  }),
];

const groups = list(list(text('image'), 'equal images'), 'groups of images of equal content');

export const show = [
  picture.extend({
    count: count('samples in the picture'),
    classes: list(text('name'), 'in the order of labels'),
    perClass: z.record(z.string(), list(count('images'), 'by class')).describe('by split'),
  }),
  record('check', 'what --check found', {
    acrossFolders: groups.describe('groups of equal images in different folders, splits or classes'),
    withinFolder: groups.describe('groups of equal images in one folder'),
    blank: list(text('image'), 'images of one colour'),
    sizes: list(
      z.tuple([text('HEIGHTxWIDTH, pixels'), count('images')]),
      'sizes and how many images have them, the commonest first',
    ),
  }),
];

export const model = [
  record('model', 'a network in numbers', {
    name: text('name'),
    layers: list(
      z.looseObject({
        name: text('path of the layer'),
        type: text('class, as Keras names it'),
        outputShape: list(z.int().nullable(), 'without the batch'),
        parameters: count('weights'),
        trainable: flag('whether the optimizer moves them'),
        multiplyAdds: count('multiplications with addition for one sample'),
      }),
      'in order',
    ),
    parameters: count('weights, moving statistics included'),
    trainableParameters: count('weights that the optimizer moves'),
    multiplyAdds: count('multiplications with addition of a forward pass of one sample'),
    activationBytes: bytes('outputs of all layers for one sample, float32'),
    trainingBytes: bytes('at most, of a training step for one sample'),
  }),
  record('network', 'a network that convoy knows by name', {
    name: text('for --model'),
    title: text('what it is'),
    source: text('paper or implementation'),
    defaultInput: count('height and width, pixels'),
    options: list(
      z.looseObject({ name: text('key'), description: text('in English'), default: z.unknown().optional() }),
      'options of its own',
    ),
  }),
];

export const recipes = [
  record('recipe', 'a recipe', {
    name: text('for --recipe'),
    description: text('in English'),
    dataset: text('name'),
    model: text('network'),
    epochs: count('epochs'),
    target: share('test accuracy that it aims at').optional(),
  }),
];

/** A file of bench/results. */
export const benchResult = z
  .looseObject({
    bench: text('name'),
    title: text('what it measures'),
    command: text('that measured it'),
    date: z.iso.date().describe('day of the measurement'),
    machine: z.looseObject({
      cpu: text('processor'),
      cores: count('cores that the process may use'),
      memoryGiB: number('memory (GiB)'),
      system: text('operating system'),
      node: text('version of Node.js'),
      libraries: z.record(z.string(), z.string()).describe('versions'),
      commit: text('of convoy; ends in + where files differ from it'),
    }),
    tables: list(
      z.looseObject({
        title: text('what the figures are, with their unit'),
        columns: list(text('name, with its unit'), 'columns'),
        rows: list(list(z.union([z.string(), z.number(), z.null()]), 'a cell for each column'), 'rows'),
      }),
      'figures',
    ),
    charts: list(z.looseObject({ file: text('docs/FILE.svg'), kind: text('bars, stacked or scaling') }), 'charts'),
    claims: list(
      z.looseObject({
        what: text('what must hold, with its unit'),
        measured: figure('what was measured'),
        bound: number('what it is held against'),
        side: z.enum(['at least', 'at most']).describe('on which side of the bound it holds'),
        passed: flag('whether it holds'),
      }),
      'what must hold',
    ),
    notes: list(text('in English'), 'what a reader must know'),
  })
  .describe('what a benchmark found');
