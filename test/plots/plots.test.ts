import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import sharp from 'sharp';
import { ConvoyError } from '../../src/base/errors.js';
import type { EpochRecord } from '../../src/callbacks/index.js';
import { rocCurve } from '../../src/metrics/index.js';
import {
  barChart,
  type Chart,
  confusionChart,
  learningCurvesChart,
  learningRateChart,
  rocChart,
  scalingChart,
  scatterChart,
  stackedBarChart,
  sweepChart,
} from '../../src/plots/index.js';

/** Texts of a chart in document order. */
function texts({ svg }: Chart): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] as string);
}

/** Points of the drawn lines of a colour, in pixels. */
function linePoints({ svg }: Chart, color: string): number[][][] {
  const paths = [...svg.matchAll(/<path d="([^"]*)"[^>]*stroke="([^"]*)"/g)];
  return paths
    .filter((match) => match[2] === color)
    .map((match) =>
      [...(match[1] as string).matchAll(/[ML]?(-?[\d.]+) (-?[\d.]+)/g)].map((pair) => [
        Number(pair[1]),
        Number(pair[2]),
      ]),
    );
}

function has(t: ExecutionContext, chart: Chart, ...wanted: readonly string[]): void {
  const found = texts(chart);
  for (const text of wanted) t.true(found.includes(text), `${text} in ${found.join(' | ')}`);
  t.notRegex(chart.svg, /NaN|Infinity|undefined/);
}

function record(epoch: number, test?: EpochRecord['test']): EpochRecord {
  return {
    epoch,
    steps: epoch,
    learningRate: 0.1,
    train: { loss: 2 / epoch, accuracy: 1 - 0.5 / epoch },
    ...(test ? { test } : {}),
    imagesPerSecond: 1,
    seconds: 1,
    phases: { data: 0, gradients: 1, allReduce: 0, optimizer: 0, evaluation: 0 },
  };
}

test('learning curves show the splits that were evaluated', (t) => {
  const curves = (...records: EpochRecord[]) => learningCurvesChart([{ name: 'cnn', records }]);
  const both = curves(record(1, { loss: 3, accuracy: 0.2 }), record(2, { loss: Number.NaN, accuracy: 0.3 }));
  has(t, both, 'Learning curves', 'epoch', 'loss', 'accuracy', 'train', 'test');
  t.false(texts(both).includes('validation'));
  t.false(texts(both).includes('learning rate'), 'it is the same in both epochs');
  t.false(texts(curves(record(1))).includes('test'));
  has(t, curves(), 'epoch');
});

test('scores of a task stand in panels of their own; an accuracy that is always 0 is none', (t) => {
  const scored = (epoch: number, map: number) =>
    record(epoch, { loss: 1, accuracy: 0, map, 'map-50': map + 0.1 } as EpochRecord['train']);
  const records = [scored(1, 0.2), scored(2, 0.4)].map((each) => ({ ...each, train: { loss: 1, accuracy: 0 } }));
  const chart = learningCurvesChart([{ name: 'detector', records }]);
  has(t, chart, 'loss', 'map', 'map 50');
  t.false(texts(chart).includes('accuracy'));
});

test('learning curves of several runs have a colour a run and a kind of line a split', (t) => {
  const long = [1, 2, 3, 4, 5].map((epoch) => record(epoch, { loss: 1, accuracy: 0.5 }));
  const chart = learningCurvesChart([
    { name: 'a', records: long },
    { name: 'b', records: long.slice(0, 2) },
  ]);
  has(t, chart, 'a', 'b', 'train', 'test', '5');
  // Lines with as many points as epochs: train and test in each of the two plots.
  const lines = (color: string, points: number) => linePoints(chart, color).filter(({ length }) => length === points);
  t.is(lines('#0072b2', 5).length, 4);
  t.true(lines('#d55e00', 2).length >= 4);
  const dashed = [...chart.svg.matchAll(/<path[^>]*fill="none"[^>]*>/g)].filter(([path]) => path.includes('dasharray'));
  t.is(dashed.length, 2 * 2 + 1, 'the training lines of both runs in both plots, and one of the legend');
});

test('a learning rate that moves is drawn below, one that falls far on a logarithmic axis', (t) => {
  const falling = (rates: number[]) =>
    learningCurvesChart([{ name: 'a', records: rates.map((learningRate, i) => ({ ...record(i + 1), learningRate })) }]);
  has(t, falling([0.1, 0.01, 0.001]), 'learning rate', '1e-1', '1e-2', '1e-3');
  const near = falling([0.1, 0.05]);
  has(t, near, 'learning rate', '0', '0.12');
  // The strip is 110 pixels high, from 0 to 0.12.
  const points = linePoints(near, '#24292f').find(({ length }) => length === 2);
  t.true(
    Math.abs((points?.[1]?.[1] ?? 0) - (points?.[0]?.[1] ?? 0) - (110 * 0.05) / 0.12) <= 1,
    JSON.stringify(points),
  );
});

test('a sweep of the learning rate marks the suggested one where it is on the logarithmic axis', (t) => {
  const learningRates = [1e-4, 1e-3, 1e-2, 1e-1, 1];
  const chart = learningRateChart({
    learningRates,
    losses: [2, 1.5, 1, 0.9, Number.POSITIVE_INFINITY],
    suggested: 10 ** -2.5,
  });
  has(t, chart, 'learning rate', 'loss', 'suggested 0.0032', '1e-4', '1e+0');
  // The axis runs over the four decades from 75 to 720 - 35 pixels; 10^-2.5 is 1.5 decades in.
  const mark = linePoints(chart, '#d55e00').find((points) => points.length === 2);
  t.true(Math.abs((mark?.[0]?.[0] ?? 0) - (75 + (610 * 1.5) / 4)) <= 1, JSON.stringify(mark));
});

test('a confusion matrix writes its counts into the cells and leaves out what cannot be read', (t) => {
  const chart = confusionChart(
    [
      [7, 123],
      [0, 45],
    ],
    ['cat', 'dog'],
  );
  has(t, chart, 'predicted class', 'true class', 'cat', 'dog', '7', '123', '45');
  t.false(texts(chart).includes('0'));
  const many = Array.from({ length: 60 }, (_, i) => Array.from({ length: 60 }, (_, j) => (i === j ? 777 : 0)));
  const large = confusionChart(
    many,
    many.map((_, i) => `class ${i}`),
  );
  t.false(texts(large).includes('777'));
  has(t, large, 'class 0', 'class 58');
});

test('ROC curves name their areas, and the line of chance is the diagonal', (t) => {
  const curve = rocCurve(Float64Array.of(0.9, 0.8, 0.7, 0.1), Uint8Array.of(1, 0, 1, 0));
  // Of the four pairs of a positive and a negative three are in order.
  has(t, rocChart([{ name: 'ship', curve }]), 'ship (0.750)', 'chance', 'false positive rate', 'true positive rate');
  const [from, to] = [
    [70, 465],
    [490, 45],
  ]; // corners of the plot
  const lines = linePoints(rocChart([{ name: 'ship', curve }]), '#8c959f');
  t.true(
    lines.some((points) => JSON.stringify(points) === JSON.stringify([from, to])),
    JSON.stringify(lines),
  );
});

test('a scatter plot has a point per sample and a colour per class', (t) => {
  const chart = scatterChart({
    points: [0, 0, 1, 1, 2, 0, 3, 1, 4, 4],
    labels: [0, 1, 0, 1, 1],
    names: ['a <b> & "c"', 'd'],
    title: 'PCA',
    axes: ['PC 1', 'PC 2'],
  });
  has(t, chart, 'PCA', 'PC 1', 'PC 2', 'd', 'a &lt;b&gt; &amp; &quot;c&quot;');
  const points = (color: string): number =>
    [...chart.svg.matchAll(/<path[^>]*>/g)].filter(([path]) => path.includes(`fill="${color}" fill-opacity="0.75"`))
      .length;
  t.deepEqual([points('#0072b2'), points('#d55e00')], [2 + 1, 3 + 1]); // and one each in the legend
});

test('bars carry their values, stacks their legend', (t) => {
  const options = {
    title: 'Throughput',
    valueName: 'images/s',
    categories: ['float32', 'bfloat16'],
    series: [
      { name: 'convoy', values: [3050.4, 4460] },
      { name: 'peer', values: [2610, undefined] },
    ],
  };
  has(
    t,
    barChart(options),
    'Throughput',
    'images/s',
    'float32',
    'bfloat16',
    'convoy',
    'peer',
    '3,050',
    '4,460',
    '2,610',
  );
  const stack = stackedBarChart(options);
  has(t, stack, 'convoy', 'peer');
  t.false(texts(stack).includes('3,050'));
});

test('the axis of shares ends at 100, though they sum to a little more by rounding', (t) => {
  const options = {
    title: 'Phases',
    valueName: '%',
    categories: ['step'],
    series: [{ name: 'all', values: [100 + 2e-14] }],
  };
  t.true(texts(stackedBarChart(options)).includes('120'), 'without an end the axis goes on');
  const shares = texts(stackedBarChart({ ...options, most: 100 }));
  t.true(shares.includes('100'));
  t.false(shares.includes('120'));
});

test('the ideal line of a scaling chart goes from the first point in proportion', (t) => {
  const chart = scalingChart({
    title: 'Scaling',
    valueName: 'images/s',
    series: [
      {
        name: 'cnn',
        points: [
          [1, 100],
          [2, 180],
          [4, 320],
        ],
      },
    ],
  });
  has(t, chart, 'workers', 'images/s', 'cnn', 'ideal');
  const [measured, ideal] = [3, 2].map((length) =>
    linePoints(chart, '#0072b2').find((points) => points.length === length),
  );
  t.deepEqual(ideal?.[0], measured?.[0]);
  // On the plot, 440 - 80 - 55 = 305 pixels high and up to 400: 320 and the ideal 400 images/s at 4 workers.
  const bottom = 440 - 55;
  t.true(Math.abs((measured?.[2]?.[1] ?? 0) - (bottom - (305 * 320) / 400)) < 0.5);
  t.true(Math.abs((ideal?.[1]?.[1] ?? 0) - (bottom - 305)) < 0.5);
});

test('a chart is written whole as SVG or PNG, and other endings are refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-plots-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const chart = scalingChart({ title: 'S', valueName: 'v', series: [{ name: 'n', points: [[1, 1]] }] });
  await chart.write(join(folder, 'a.svg'));
  t.is(await readFile(join(folder, 'a.svg'), 'utf8'), chart.svg);
  await chart.write(join(folder, 'a.png'));
  const { width, height, format } = await sharp(join(folder, 'a.png')).metadata();
  t.deepEqual([width, height, format], [1360, 880, 'png']);
  const corner = await sharp(join(folder, 'a.png'))
    .extract({ left: 0, top: 0, width: 1, height: 1 })
    .removeAlpha()
    .raw()
    .toBuffer();
  t.deepEqual([...corner], [255, 255, 255]);
  const error = await t.throwsAsync(chart.write(join(folder, 'a.gif')), { instanceOf: ConvoyError });
  t.is(error?.code, 'CONVOY_OPTION');
  t.deepEqual((await readdir(folder)).sort(), ['a.png', 'a.svg']);
});

test("a sweep's chart has scores by epoch and by each option that several numbers were tried of", (t) => {
  const trial = (name: string, learningRate: number, score: number | null) => ({
    name,
    points:
      score === null
        ? []
        : ([
            [1, score / 2],
            [2, score],
          ] as const),
    parameters: { learningRate, batchSize: 32, optimizer: 'adam' },
    score,
  });
  const chart = sweepChart(
    [trial('trial 2', 0.001, 0.9), trial('trial 1', 0.1, 0.5), trial('trial 3', 10, null)],
    'test.f1',
  );
  has(t, chart, 'Sweep', 'epoch', 'learningRate', 'test.f1', 'trial 1', 'trial 2', 'trial 3');
  t.false(texts(chart).includes('batchSize'), 'one value alone has no panel');
  t.false(texts(chart).includes('optimizer'), 'words have none');
  const [best] = linePoints(chart, '#0072b2').filter((points) => points.length === 2);
  const [first, second] = best ?? [];
  t.true((first?.[0] ?? 0) < (second?.[0] ?? 0) && (first?.[1] ?? 0) > (second?.[1] ?? 0), 'to the right and up');
});
