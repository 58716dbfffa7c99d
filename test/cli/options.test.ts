import test from 'ava';
import { defineCommand } from '../../src/cli/define.js';
import { argument, option } from '../../src/cli/options.js';
import {
  classList,
  columnNames,
  imageSize,
  integer,
  mixing,
  named,
  oneOf,
  positive,
  someOf,
  text,
} from '../../src/cli/parsers.js';
import { runProgram } from '../../src/cli/program.js';

test('an action gets arguments in order and options by name, each as its parser gave it', async (t) => {
  const got: unknown[] = [];
  const program = defineCommand({
    name: 'show',
    description: 'Shows.',
    arguments: [argument('<run>', 'a run'), argument('[files...]', 'files')],
    options: [
      option('--batch-size <n>', 'samples', { parse: integer(), default: 32 }),
      option('--out <file>', 'a file'),
      option('--layer <name...>', 'layers'),
      option('--mode <word>', 'a mode', { parse: oneOf(['fast', 'slow']) }),
      option('--title <text>', 'a title', { parse: text, default: 'none' }),
      option('--quiet', 'says nothing'),
    ],
    async action([run, files], flags) {
      const typed: [string, string[], number, string | undefined, true | undefined] = [
        run,
        files,
        flags.batchSize,
        flags.out,
        flags.quiet,
      ];
      got.push(...typed, flags.layer, flags.mode, flags.title);
    },
  });
  const line = 'one two three --batch-size 8 --layer a b --mode slow --quiet';
  t.is(await runProgram(program, line.split(' ')), 0);
  t.deepEqual(got, ['one', ['two', 'three'], 8, undefined, true, ['a', 'b'], 'slow', 'none']);
});

const right: readonly (readonly [parse: (text: string, name: string) => unknown, text: string, value: unknown])[] = [
  [integer(), '3', 3],
  [integer(0), '0', 0],
  [positive, '1e-3', 0.001],
  [oneOf(['a', 'b']), 'b', 'b'],
  [someOf(['a', 'b', 'c']), 'c,a', ['c', 'a']],
  [named, 'adam', { name: 'adam' }],
  [named, 'adam:betas=[0.9,0.99],style=keras', { name: 'adam', betas: [0.9, 0.99], style: 'keras' }],
  [named, 'cosine:warmup={"epochs":1,"startFactor":0.1}', { name: 'cosine', warmup: { epochs: 1, startFactor: 0.1 } }],
  [named, '{"name":"sgd","momentum":0.9}', { name: 'sgd', momentum: 0.9 }],
  [imageSize, '224', [224, 224]],
  [imageSize, '224x192', [224, 192]],
  [classList, 'cat, dog', ['cat', 'dog']],
  [mixing, 'mixup=0.2,cutmix=1', { mixup: 0.2, cutmix: 1 }],
];
for (const [parse, given, value] of right) {
  test(`${given} is read as ${JSON.stringify(value)}`, (t) => t.deepEqual(parse(given, '--x'), value));
}

const wrong: readonly (readonly [parse: (text: string, name: string) => unknown, text: string, message: string])[] = [
  [integer(), '0', 'Expected an integer of at least 1 for --x but received "0"'],
  [integer(), '', 'Expected an integer of at least 1 for --x but received ""'],
  [positive, 'Infinity', 'Expected a number above 0 for --x but received "Infinity"'],
  [oneOf(['fast', 'slow']), 'FAST', 'Expected one of fast, slow for --x but received "FAST"; did you mean fast?'],
  [named, ':a=1', 'Expected NAME or NAME:key=value,... for --x but received ":a=1"'],
  [named, 'sgd:momentum', 'Expected key=value pairs after sgd: for --x but received "momentum"'],
  [imageSize, '0', 'Expected a side as 224, or height and width as 224x192 for --x but received "0"'],
  [classList, 'cat', 'Expected at least two names, as cat,dog for --x but received "cat"'],
  [mixing, 'mixup', 'Expected key=value pairs as mixup=0.2,cutmix=1 for --x but received "mixup"'],
];
for (const [parse, given, message] of wrong) {
  test(`"${given}" is refused: ${message}`, (t) => {
    t.throws(() => parse(given, '--x'), { code: 'CONVOY_OPTION', message });
  });
}

test('columns are pairs of what they hold and their names', (t) => {
  t.deepEqual(columnNames('image=file path,label=a=b', '--columns'), { image: 'file path', label: 'a=b' });
  for (const given of ['image', '=x', 'image=', 'image=a,'])
    t.throws(() => columnNames(given, '--columns'), { message: /as image=picture,label=breed for --columns/ });
});
