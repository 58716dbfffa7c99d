import test from 'ava';
import { ConvoyError, fileError, flattenError, optionError, reviveError } from '../../src/base/errors.js';

test('an option error says what was expected, for what, and what was received with its type', (t) => {
  const table: [received: unknown, shown: string][] = [
    ['x', '"x" (string)'],
    [3.5, '3.5 (number)'],
    [Number.NaN, 'NaN (number)'],
    [true, 'true (boolean)'],
    [null, 'null (null)'],
    [undefined, 'undefined (undefined)'],
    [[1, 'a'], '[1, "a"] (array)'],
    [{ name: 'sgd' }, "{ name: 'sgd' } (object)"],
    [Object.create(null), '{} (object)'],
    [new Map(), 'Map (object)'],
    ['y'.repeat(100), `"${'y'.repeat(77)}..." (string)`],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9], '[1, 2, 3, 4, 5, 6, 7, 8, ...] (array)'],
  ];
  for (const [received, shown] of table) {
    const error = optionError('--workers', 'a positive integer', received);
    t.is(error.message, `Expected a positive integer for --workers but received ${shown}`);
    t.is(error.code, 'CONVOY_OPTION');
    t.is(error.details.place, '--workers');
  }
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
