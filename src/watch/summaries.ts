/** Values of TensorBoard's plugins, as the summary operations of TensorFlow 2 write them. */
import { encodeTensorBoard, type SummaryValue, type TensorValue } from '../../proto/tensorboard.js';
import type { Histogram } from './histogram.js';

const types = { float: 1, double: 2, string: 7 } as const;
const classes = { scalar: 1, tensor: 2, blobs: 3 } as const;

function shapeOf(sizes: readonly number[]): TensorValue['tensorShape'] {
  return { dim: sizes.map((size) => ({ size })) };
}

function numbers(values: Float32Array | Float64Array, sizes: readonly number[]): TensorValue {
  const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const dtype = values instanceof Float32Array ? types.float : types.double;
  return { dtype, tensorShape: shapeOf(sizes), tensorContent };
}

function strings(values: readonly (string | Uint8Array)[], sizes: readonly number[]): TensorValue {
  const stringVal = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  return { dtype: types.string, tensorShape: shapeOf(sizes), stringVal };
}

function value(
  tag: string,
  pluginName: string,
  dataClass: number,
  tensor: TensorValue,
  content?: Uint8Array,
): SummaryValue {
  return { tag, tensor, metadata: { pluginData: { pluginName, ...(content && { content }) }, dataClass } };
}

export function scalar(tag: string, number: number): SummaryValue {
  return value(tag, 'scalars', classes.scalar, numbers(Float32Array.of(number), []));
}

/** Rows of left edge, right edge and count. */
export function histogram(tag: string, { low, high, counts }: Histogram): SummaryValue {
  const width = (high - low) / counts.length;
  const rows = counts.flatMap((count, part) => [low + part * width, low + (part + 1) * width, count]);
  return value(tag, 'histograms', classes.tensor, numbers(Float64Array.from(rows), [counts.length, 3]));
}

/** @param images PNG files. */
export function images(tag: string, pngs: readonly Uint8Array[], width: number, height: number): SummaryValue {
  const tensor = strings([String(width), String(height), ...pngs], [2 + pngs.length]);
  return value(tag, 'images', classes.blobs, tensor);
}

/** @param markdown shown as such. */
export function text(tag: string, markdown: string): SummaryValue {
  return value(tag, 'text', classes.tensor, strings([markdown], []));
}

/** Counts at each threshold from 0 to 1: of one class against the rest. */
export interface PrCounts {
  readonly truePositives: Float32Array;
  readonly falsePositives: Float32Array;
  readonly positives: number;
  readonly negatives: number;
}

export function prCurve(tag: string, { truePositives, falsePositives, positives, negatives }: PrCounts): SummaryValue {
  const thresholds = truePositives.length;
  const trues = [...truePositives];
  const falses = [...falsePositives];
  const data = Float32Array.from([
    ...trues,
    ...falses,
    ...falses.map((count) => negatives - count),
    ...trues.map((count) => positives - count),
    // TensorBoard's own floor against a division by 0.
    ...trues.map((count, i) => count / Math.max(1e-7, count + (falses[i] ?? 0))),
    ...trues.map((count) => count / Math.max(1e-7, positives)),
  ]);
  const content = encodeTensorBoard('PrCurvePluginData', { version: 0, numThresholds: thresholds });
  return value(tag, 'pr_curves', classes.tensor, numbers(data, [6, thresholds]), content);
}

/** A message of the plugin hparams, whose tensor holds nothing. */
export function hparams(tag: string, message: object): SummaryValue {
  const content = encodeTensorBoard('HParamsPluginData', { version: 0, ...message });
  return value(
    `_hparams_/${tag}`,
    'hparams',
    classes.tensor,
    { dtype: types.float, tensorShape: shapeOf([]), tensorContent: new Uint8Array(4) },
    content,
  );
}
