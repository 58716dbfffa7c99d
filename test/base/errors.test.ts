import test from 'ava';
import {
  ConvoyError,
  choiceError,
  combinationError,
  fileError,
  flattenError,
  reviveError,
  unknownKeyError,
  valueError,
} from '../../src/base/errors.js';

test('an error for a value says what was expected, for what, and what was received', (t) => {
  const table: [received: unknown, shown: string][] = [
    ['x', '"x"'],
    [3.5, '3.5'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'nothing'],
    [[1, 'a'], '[1, "a"]'],
    [{ name: 'sgd' }, "{ name: 'sgd' }"],
    [Object.create(null), '{}'],
    [new Map(), 'Map'],
    ['y'.repeat(100), `"${'y'.repeat(77)}..."`],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9], '[1, 2, 3, 4, 5, 6, 7, 8, ...]'],
  ];
  for (const [received, shown] of table) {
    const error = valueError('--workers', 'a positive integer', received);
    t.is(error.message, `Expected a positive integer for --workers but received ${shown}`);
    t.is(error.code, 'CONVOY_OPTION');
    t.is(error.details.place, '--workers');
  }
});

test('an error for a name suggests the one that was meant, and lists the others where they fit', (t) => {
  const few = choiceError('--loss', 'mse', { known: ['huber', 'squared'], aliases: { squared: ['mse'] } });
  t.is(few.message, 'Expected one of huber, squared for --loss but received "mse"; did you mean squared?');
  t.deepEqual(few.details, { place: '--loss', suggestions: ['squared'] });
  const known = Array.from({ length: 100 }, (_, place) => `network${place + 100}`);
  const many = choiceError('--model', 'nettwork105', { known, what: 'network', also: 'a file', list: 'convoy model' });
  t.is(
    many.message,
    'Expected the name of a network, or a file, for --model but received "nettwork105"; did you mean network105? (convoy model lists all 100)',
  );
  t.is(
    choiceError('--split', 'x', { known: ['test', 'train'] }).message,
    'Expected one of test, train for --split but received "x"',
  );
});

test('an error for a key names its owner, what was meant, and what there is', (t) => {
  const known = ['name', 'learningRate'];
  const error = unknownKeyError('optimizer adam', 'lr', {
    known,
    aliases: { learningRate: ['lr'] },
    place: 'optimizer',
  });
  t.is(
    error.message,
    'Unknown option "lr" of optimizer adam; did you mean learningRate? (it takes name, learningRate)',
  );
  t.deepEqual(error.details, { place: 'optimizer.lr', suggestions: ['learningRate'] });
  t.is(unknownKeyError('mlp', 'foo', { known: [] }).message, 'Unknown option "foo" of mlp; it takes none');
  t.is(unknownKeyError('', 'foo', { known }).message, 'Unknown option "foo"; it takes name, learningRate');
  t.is(
    unknownKeyError('convoy train', '--momentum', { known, advice: 'use --optimizer' }).message,
    'Unknown option "--momentum" of convoy train; use --optimizer',
  );
});

test('options that do not go together: one needs or excludes another', (t) => {
  const error = combinationError('freeze', 'needs', 'a base');
  t.is(error.message, 'freeze needs a base');
  t.is(error.code, 'CONVOY_OPTION');
  t.is(combinationError('--resume', 'excludes', '--recipe').message, '--resume excludes --recipe');
});

test('a file error names file and place first', (t) => {
  const cause = new Error('inner');
  const error = fileError('CONVOY_DATA', 'a.gz', 'byte 8', '10 labels', '9', cause);
  t.is(error.message, 'a.gz: byte 8: expected 10 labels but found 9');
  t.deepEqual(error.details, { file: 'a.gz', place: 'byte 8' });
  t.is(error.cause, cause);
  t.is(fileError('CONVOY_DATA', 'a.gz', '', 'a file', 'none').message, 'a.gz: expected a file but found none');
});

test('an error flattened for a thread border comes back with class, code, details and stack', (t) => {
  const thrown = fileError('CONVOY_DATA', 'cat.jpg', 'entry 3', 'an image', 'text');
  const flat = structuredClone(flattenError(thrown));
  const revived = reviveError(flat);
  t.true(revived instanceof ConvoyError);
  t.is(revived.message, thrown.message);
  t.is(revived.code, 'CONVOY_DATA');
  t.deepEqual(revived.details, thrown.details);
  t.is(revived.stack, thrown.stack);
  t.is(revived.name, 'ConvoyError');
});

test('what is no ConvoyError comes back as a fault of the worker, whatever it was', (t) => {
  const table: [thrown: unknown, message: string][] = [
    [new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [{ code: 7 }, '[object Object]'],
  ];
  for (const [thrown, message] of table) {
    const revived = reviveError(structuredClone(flattenError(thrown)));
    t.is(revived.code, 'CONVOY_WORKER');
    t.is(revived.message, message);
  }
});
