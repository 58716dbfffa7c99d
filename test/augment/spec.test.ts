import test from 'ava';
import { z } from 'zod';
import { augmentSchema, parseAugment, splitNormalize, validateAugment } from '../../augment/spec/spec.js';
import { ConvoyError } from '../../src/base/errors.js';

test('names alone take the defaults, which are those of torchvision where it has the transform', (t) => {
  t.deepEqual(parseAugment('flip,crop,rotate'), [
    { name: 'flip', probability: 0.5 },
    { name: 'crop', padding: 4, border: 'zero' },
    { name: 'rotate', degrees: [-15, 15] },
  ]);
  // torchvision.transforms: RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0), RandAugment(2, 9, 31).
  t.deepEqual(parseAugment('erase,randAugment'), [
    { name: 'erase', probability: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], value: 0 },
    { name: 'randAugment', operations: 2, magnitude: 9, bins: 31 },
  ]);
  t.deepEqual(parseAugment('resizedCrop'), [{ name: 'resizedCrop', scale: [0.08, 1], ratio: [0.75, 4 / 3] }]);
});

test('parameters follow behind colons, in order, ranges with two dots', (t) => {
  t.deepEqual(parseAugment(' crop:2:reflect , rotate:-5..20,brightness:0.4,erase:1:0.1..0.2 '), [
    { name: 'crop', padding: 2, border: 'reflect' },
    { name: 'rotate', degrees: [-5, 20] },
    { name: 'brightness', factor: [0.6, 1.4] },
    { name: 'erase', probability: 1, scale: [0.1, 0.2], ratio: [0.3, 3.3], value: 0 },
  ]);
  t.deepEqual(parseAugment('none'), []);
});

test('JSON takes names, objects, and lists that have been read before', (t) => {
  const spec = validateAugment(['flip', { name: 'rotate', degrees: 30 }, { name: 'blur', sigma: [0.5, 1] }]);
  t.deepEqual(spec, [
    { name: 'flip', probability: 0.5 },
    { name: 'rotate', degrees: [-30, 30] },
    { name: 'blur', sigma: [0.5, 1], probability: 1 },
  ]);
  t.deepEqual(validateAugment(JSON.parse(JSON.stringify(spec))), spec);
  t.deepEqual(validateAugment('flip'), parseAugment('flip'));
});

for (const [text, message] of [
  ['flop', /Expected the name of a transform, or none, for --augment but received "flop"; did you mean flip\?/],
  [
    'rotate:200',
    /Expected a number from 0 to 180 or \[low, high\] within ±180 for --augment\.rotate\.degrees but received 200/,
  ],
  ['rotate:20..10', /--augment\.rotate\.degrees/],
  ['crop:x', /Expected an integer from 0 to 1024 for --augment\.crop\.padding but received "x"/],
  ['crop:2:zero:9', /Expected at most 2 values \(padding, border\) for --augment\.crop/],
  ['flip:', /--augment\.flip\.probability/],
  ['flip,,crop', /Expected the name of a transform/],
  ['randAugment:2:31', /--augment\.randAugment\.magnitude/],
] as const) {
  test(`the text ${JSON.stringify(text)} is refused by name and range`, (t) => {
    const error = t.throws(() => parseAugment(text), { instanceOf: ConvoyError });
    t.is(error.code, 'CONVOY_OPTION');
    t.regex(error.message, message);
  });
}

for (const [value, message] of [
  [
    [{ name: 'crop', pading: 4 }],
    /Unknown option "pading" of augment\.0 crop; did you mean padding\? \(it takes padding, border\)/,
  ],
  [['flip', { name: 'crop', padding: -1 }], /augment\.1\.padding/],
  [[{ degrees: 3 }], /augment\.0\.name/],
  [[7], /augment\.0/],
  [{ name: 'flip' }, /a text or an array of transforms/],
  [[{ name: 'normalize', mean: [0.5, 0.5, 0.5], deviation: [1] }], /augment\.0\.deviation/],
] as const) {
  test(`the JSON ${JSON.stringify(value)} is refused by place`, (t) => {
    t.regex(t.throws(() => validateAugment(value), { instanceOf: ConvoyError }).message, message);
  });
}

test('inside a larger schema an issue carries its path', (t) => {
  const schema = z.strictObject({ augment: augmentSchema });
  t.deepEqual(schema.parse({ augment: 'flip' }).augment, parseAugment('flip'));
  const issue = schema.safeParse({ augment: ['flip', { name: 'rotate', degrees: 999 }] }).error?.issues[0];
  t.deepEqual(issue?.path, ['augment', 1, 'degrees']);
  t.regex(issue?.message ?? '', /number from 0 to 180/);
});

test('normalize is parted from what the stage does', (t) => {
  const normalize = { name: 'normalize', mean: [0.5], deviation: [0.25] };
  const split = splitNormalize(validateAugment(['flip', normalize, 'crop']));
  t.deepEqual(split, { transforms: parseAugment('flip,crop'), normalize: { mean: [0.5], std: [0.25] } });
  t.deepEqual(splitNormalize(parseAugment('flip')), { transforms: parseAugment('flip') });
  t.throws(() => splitNormalize(validateAugment([normalize, normalize])), {
    message: /at most one normalize for augment/,
  });
});
