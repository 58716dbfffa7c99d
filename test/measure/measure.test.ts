import test from 'ava';
import { alternate, quickest } from '../../bench/harness/alternate.js';
import { trainingOperations } from '../../bench/harness/operations.js';
import { insertResults } from '../../bench/harness/report.js';
import { allSettings } from '../../bench/suite/tune.js';
import { ConvoyError } from '../../src/base/errors.js';
import { MeasuringChild, MissingError, StepSession, stepPhases, syntheticDatasets } from '../../src/measure/index.js';

/** A process that answers each line with what an expression of `request` gives. */
const answering = (expression: string, first = '{ ready: { version: "1" } }') =>
  MeasuringChild.start<{ readonly steps: number }, { images: number; seconds: number }>({
    command: [
      process.execPath,
      '-e',
      `let n = 0;
       require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
         const request = JSON.parse(line);
         console.log('a line of a library');
         console.log(JSON.stringify(n++ === 0 ? ${first} : ${expression}));
       });`,
    ],
    setup: { any: 'setup' },
  });

test('a child answers rounds, whatever its libraries write', async (t) => {
  const child = await answering('{ round: { images: 2 * request.steps, seconds: 1 } }');
  t.deepEqual(child.facts, { version: '1' });
  t.deepEqual(await child.round({ steps: 3 }), { images: 6, seconds: 1 });
  t.deepEqual(await child.round({ steps: 4 }), { images: 8, seconds: 1 });
  await child.close();
  await child.close();
});

test('a peer that is not there is missing, one that fails is a fault', async (t) => {
  const absent = MeasuringChild.start({ command: ['no-such-program-of-anybody'], setup: {} });
  t.regex((await t.throwsAsync(absent, { instanceOf: MissingError }))?.message ?? '', /no-such-program-of-anybody/);
  const without = await t.throwsAsync(answering('null', '{ missing: "No module named torch" }'), {
    instanceOf: MissingError,
  });
  t.is(without?.message, 'No module named torch');
  await t.throwsAsync(answering('null', '{ error: "out of memory" }'), {
    instanceOf: ConvoyError,
    message: /out of memory/,
  });
  const child = await answering('{ error: "diverged" }');
  await t.throwsAsync(child.round({ steps: 1 }), { instanceOf: ConvoyError, message: /diverged/ });
  await child.close();
});

test('a child that ends without an answer is told with its last words', async (t) => {
  const start = MeasuringChild.start({
    command: [process.execPath, '-e', 'console.error("no more disk"); process.exit(3)'],
    setup: {},
  });
  await t.throwsAsync(start, { instanceOf: ConvoyError, message: /ended without an answer[\s\S]*no more disk/ });
});

test('contenders are measured in turn, and those missing are said to be', async (t) => {
  const order: string[] = [];
  const contender = (name: string, rate: number) => ({
    name,
    start: async () => {
      const child = await answering(`{ round: { images: ${rate} * request.steps, seconds: request.steps } }`);
      const round = child.round.bind(child);
      child.round = (request) => {
        order.push(name);
        return round(request);
      };
      return child;
    },
  });
  const gone = { name: 'gone', start: () => Promise.reject(new MissingError('not installed')) };
  const contests = await alternate([contender('a', 10), gone, contender('b', 30)], { seconds: 5, rounds: 2 });
  t.deepEqual(
    contests.map(({ name, rate, missing }) => [name, rate.median, missing]),
    [
      ['a', 10, undefined],
      ['gone', Number.NaN, 'not installed'],
      ['b', 30, undefined],
    ],
  );
  // Two rounds of warm-up each, then forwards, then backwards.
  t.is(order.join(''), 'aabb' + 'ab' + 'ba');
  const { best } = await quickest([contender('a', 10), gone, contender('b', 30)], { seconds: 5, rounds: 1 });
  t.is(best?.name, 'b');
  t.is((await quickest([gone], { seconds: 5, rounds: 1 })).best, undefined);
});

test('a session trains full batches only, and its phases are the whole step', async (t) => {
  const image = { height: 8, width: 8, channels: 3 };
  const config = { model: { name: 'mlp' }, batchSize: 12, workers: 2 };
  const session = await StepSession.open({ config, image, classes: 4 });
  try {
    t.is(session.runtime.datasets.train.count, 96, '8 batches');
    const { images, steps, seconds, milliseconds, residentBytes } = await session.round(9);
    t.is(steps, 9);
    t.is(images, 108);
    const sum = stepPhases.reduce((total, phase) => total + milliseconds[phase], 0);
    t.true(Math.abs(9 * sum - 1000 * seconds) < 1e-6, 'phases add up to the time of the round');
    t.true(milliseconds.compute > 0 && milliseconds.imbalance >= 0 && milliseconds.handover >= 0);
    t.true(residentBytes > 2 ** 20);
  } finally {
    await session.close();
  }
});

test('synthetic images are the same every time, and of every class', (t) => {
  const shape = { height: 3, width: 3, channels: 1 };
  const { train, test: other } = syntheticDatasets(shape, 3, 7);
  if (train.store.kind !== 'pixels' || other.store.kind !== 'pixels' || train.targets.kind !== 'classes')
    return t.fail();
  t.is(train.store.pixels.length, 63);
  t.deepEqual([...train.targets.labels], [0, 1, 2, 0, 1, 2, 0]);
  const again = syntheticDatasets(shape, 3, 7).train.store;
  t.deepEqual(again, train.store);
  t.notDeepEqual(other.store.pixels.slice(0, 9), train.store.pixels.slice(0, 9));
  t.true(new Set(train.store.pixels).size > 20);
});

// mnist-like fashion-mnist-cnn, 28x28x1: conv 24x24x32 of 5x5x1 = 460,800; conv 8x8x64 of 5x5x32 = 3,276,800; dense
// 1024x10 = 10,240. Three times their sum without the first layer's input gradient, two operations each.
test('operations of a training step leave out the gradient of the images', async (t) => {
  const operations = await trainingOperations({
    name: 'fashion-mnist-cnn',
    image: { height: 28, width: 28, channels: 1 },
    optimizer: 'adam',
    batch: 1,
  });
  t.is(operations, 2 * (3 * (460_800 + 3_276_800 + 10_240) - 460_800));
});

test('a sweep tries every halving of workers, with one thread each and with all cores', (t) => {
  const key = ({ workers, shards, intraOpThreads }: { workers: number; shards: number; intraOpThreads: number }) =>
    `${workers}/${shards}/${intraOpThreads}`;
  t.deepEqual(allSettings(2).map(key), [
    '2/2/1',
    '2/4/1',
    '2/8/1',
    '1/1/1',
    '1/1/2',
    '1/2/1',
    '1/2/2',
    '1/4/1',
    '1/4/2',
  ]);
});

test('a page without markers stays as it is', (t) => {
  t.is(insertResults('# a page\n', []), '# a page\n');
});
