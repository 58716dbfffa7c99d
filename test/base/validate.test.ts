import test from 'ava';
import { z } from 'zod';
import { alsoCalled, choicesAlsoCalled } from '../../src/base/schema-names.js';
import { parseOptions } from '../../src/base/validate.js';

const shape = z.discriminatedUnion('kind', [
  alsoCalled(z.strictObject({ kind: z.literal('circle'), radius: alsoCalled(z.number(), ['r']) }), ['disc']),
  z
    .strictObject({ kind: z.literal('box'), sides: z.tuple([z.int(), z.int()]), round: z.boolean().default(false) })
    .refine(({ sides: [a, b], round }) => !round || a === b, { path: ['round'], params: { needs: 'equal sides' } }),
]);
const schema = z.strictObject({
  count: z.int().min(1).max(9).optional(),
  words: z.array(z.string().min(2)).min(1).optional(),
  mode: choicesAlsoCalled(z.enum(['minimum', 'maximum']), { maximum: ['biggest'] }).default('minimum'),
  list: z.array(z.strictObject({ name: z.string(), weight: alsoCalled(z.number(), ['w']).optional() })).default([]),
  shape: shape.optional(),
  amount: z.union([z.literal('auto'), z.strictObject({ share: z.number() })]).optional(),
});

const wrong: readonly (readonly [value: unknown, message: string])[] = [
  [3, 'Expected an object for input but received 3'],
  [{ count: 0 }, 'Expected at least 1 for input.count but received 0'],
  [{ count: 10 }, 'Expected at most 9 for input.count but received 10'],
  [{ count: 1.5 }, 'Expected an integer for input.count but received 1.5'],
  [{ words: [] }, 'Expected at least one value for input.words but received []'],
  [{ words: ['a'] }, 'Expected a text of at least 2 characters for input.words.0 but received "a"'],
  [{ words: 'ab' }, 'Expected a list, as ["ab"], for input.words but received "ab"'],
  [
    { mode: 'biggest' },
    'Expected one of minimum, maximum for input.mode but received "biggest"; did you mean maximum?',
  ],
  [
    { cuont: 3 },
    'Unknown option "cuont" of input; did you mean count? (it takes count, words, mode, list, shape, amount)',
  ],
  [
    { list: [{ name: 'a', w: 2 }] },
    'Unknown option "w" of input.list.0 a; did you mean weight? (it takes name, weight)',
  ],
  [
    { shape: { kind: 'disc' } },
    'Expected one of circle, box for input.shape.kind but received "disc"; did you mean circle?',
  ],
  [{ shape: { kind: 'circle' } }, 'Expected a number for input.shape.radius but received nothing'],
  [
    { shape: { kind: 'circle', r: 2 } },
    'Unknown option "r" of input.shape; did you mean radius? (it takes kind, radius)',
  ],
  [{ shape: { kind: 'box', sides: [1, 2], round: true } }, 'input.shape.round needs equal sides'],
  [{ amount: 3 }, 'Expected auto or an object for input.amount but received 3'],
  [{ amount: { shar: 3 } }, 'Expected a number for input.amount.share but received nothing'],
];
for (const [value, message] of wrong) {
  test(`${JSON.stringify(value)} is answered with one line`, (t) => {
    t.throws(() => parseOptions(schema, value, 'input'), { code: 'CONVOY_OPTION', message });
  });
}

test('what is right gets its defaults', (t) => {
  t.deepEqual(parseOptions(schema, { shape: { kind: 'box', sides: [2, 2], round: true } }, ''), {
    mode: 'minimum',
    list: [],
    shape: { kind: 'box', sides: [2, 2], round: true },
  });
});
