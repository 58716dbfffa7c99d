import test from 'ava';
import { calibrationOf } from '../../src/report/gather/calibration.js';
import { chooseSamples } from '../../src/report/gather/samples.js';
import { linkModules } from '../../src/report/html/link.js';
import { tinyDatasets } from '../support/tiny-data.js';

test('the expected calibration error is the weighted gap between confidence and accuracy', (t) => {
  // 15 parts: 0.9 is in the 14th, (0.8667, 0.9333]; 0.5 in the 8th, (0.4667, 0.5333].
  const { bins, error } = calibrationOf([0.9, 0.9, 0.9, 0.9, 0.5, 0.5], [true, true, true, false, true, false]);
  t.deepEqual(
    bins.map(({ accuracy, count }) => [accuracy, count]),
    [
      [0.5, 2],
      [0.75, 4],
    ],
  );
  t.true(Math.abs(error - (4 * 0.15 + 2 * 0) / 6) < 1e-9);
  t.is(calibrationOf([1], [true]).error, 0, 'certainty belongs to the last part');
});

test('mistakes come with the surest first, doubts with the least sure, and cells hold their own', (t) => {
  const dataset = tinyDatasets(3, 4).test; // classes 0, 1, 2, 0
  const shares = Float32Array.from([0.5, 0.3, 0.2, 0.9, 0.05, 0.05, 0.1, 0.1, 0.8, 0.2, 0.7, 0.1]);
  const outputs = { dataset, shares, raw: shares, loss: 0, accuracy: 0.5 };
  const { samples, mistakes, doubtful, cells } = chooseSamples(outputs, true);
  const named = (places: readonly number[] = []) => places.map((place) => samples[place]);
  t.deepEqual(named(mistakes), [1, 3]);
  t.deepEqual(named(doubtful), [0, 2]);
  t.deepEqual(Object.keys(cells).sort(), ['0,0', '0,1', '1,0', '2,2']);
  t.deepEqual(named(cells['1,0']), [1]);
});

test('both pages link into a script that parses, whatever names their modules share', (t) => {
  for (const entry of ['main.js', 'live-main.js']) {
    const script = linkModules(new URL(`../../src/report/page/${entry}`, import.meta.url));
    t.notThrows(() => new Function(script), entry);
  }
});
