import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConvoyError } from '../base/errors.js';
import { type Tensor, tf } from '../base/tf.js';
import { imageBytes, type LossSpec } from '../contracts/index.js';
import { type ExportFormat, type PythonCheck, PythonRunner, type WrittenExport } from '../export/index.js';
import {
  classScores,
  loadArchitecture,
  modelParameters,
  probabilities,
  scoreKind,
  withProbabilities,
} from '../models/index.js';
import { type OpenRunOptions, openRunRuntime, type TrainedRun } from '../training/index.js';
import { testPixels } from './test-images.js';

/** What the program that reads an export gave for images, beside what convoy gives. */
export interface ExportCheck {
  /** The program. */
  readonly reader: string;
  readonly images: number;
  /** Whether they are of the test set; noise where the data are not found. */
  readonly ofTestSet: boolean;
  /** Largest difference, of the largest output. */
  readonly difference: number;
  /** Images that have the same largest output; undefined for a format of weights. */
  readonly sameClass?: number;
}

interface CheckedExport {
  readonly run: TrainedRun;
  readonly source: string;
  readonly opening: OpenRunOptions;
  readonly format: ExportFormat;
  readonly folder: string;
  readonly whole: boolean;
  readonly written: WrittenExport;
  readonly python: string;
  readonly quantized: boolean;
}

const checkedImages = 16;
const tolerance = 1e-4;
/** Of 8 bits: 1/255 of the range a layer, through all layers. A mistake in a scale gives more than that. */
const quantizedTolerance = 0.25;

/**
 * Runs an export on images in the program that reads it.
 *
 * @throws ConvoyError `CONVOY_DATA` where it does not run, or differs by more than 1e-4 of the largest output (0.25 in 8 bits).
 */
export async function checkExport(checked: CheckedExport): Promise<ExportCheck> {
  const { run, format, folder, whole, written, python, quantized } = checked;
  const { image, preprocess } = run.record;
  const found = await imagesOf(checked);
  const { height, width, channels } = image;
  const shape = [found.pixels.length / imageBytes(image), height, width, channels] as const;
  const input = Float32Array.from(found.pixels, (pixel, index) => {
    const channel = index % channels;
    return Math.fround(
      Math.fround(pixel * (preprocess.scale[channel] as number)) + (preprocess.offset[channel] as number),
    );
  });
  const data = whole ? found.pixels : input;
  const parameters = modelParameters(run.model);
  const names = parameters.map(({ spec: { name } }) => name);
  const outputs =
    format.reader === 'tfjs'
      ? await inTfjs(folder, data, shape)
      : await inPython(python, {
          format: format.name,
          folder,
          code: written.usage.code,
          images: { data, shape },
          names,
        });
  const expected =
    format.name === 'safetensors'
      ? joined(parameters.map(({ variable }) => variable.read().dataSync() as Float32Array))
      : await expectedOutputs(run, input, shape, whole);
  const difference = apart(outputs, expected);
  const most = quantized ? quantizedTolerance : tolerance;
  if (!(difference <= most)) {
    const text = `${folder}: expected outputs within ${most} of the largest but found a difference of ${difference}`;
    throw new ConvoyError('CONVOY_DATA', text, { file: folder });
  }
  const facts = { reader: format.reader, images: shape[0], ofTestSet: found.ofTestSet, difference };
  return format.name === 'safetensors' ? facts : { ...facts, sameClass: sameClass(outputs, expected, shape[0]) };
}

/** Rows whose largest value is at the same place. */
function sameClass(found: Float32Array, expected: Float32Array, rows: number): number {
  const width = expected.length / rows;
  const placeOf = (values: Float32Array, row: number): number => {
    const part = values.subarray(row * width, (row + 1) * width);
    return part.indexOf(Math.max(...part));
  };
  return Array.from({ length: rows }, (_, row) => placeOf(found, row) === placeOf(expected, row)).filter(Boolean)
    .length;
}

async function inPython(python: string, check: PythonCheck): Promise<Float32Array> {
  const runner = new PythonRunner(python);
  try {
    return await runner.run(check);
  } finally {
    await runner.close();
  }
}

/** The first images of the test set, or noise. */
async function imagesOf({ run, source, opening }: CheckedExport) {
  const { onNote } = opening;
  try {
    const runtime = await openRunRuntime({ run: source, ...opening, overrides: { workers: 1 } });
    try {
      const count = Math.min(checkedImages, runtime.datasets.test.count);
      return {
        pixels: await testPixels(
          runtime,
          Uint32Array.from({ length: count }, (_, index) => index),
        ),
        ofTestSet: true,
      };
    } finally {
      await runtime.close();
    }
  } catch (error) {
    if (!(error instanceof ConvoyError)) throw error;
    onNote?.(`the check takes noise for images: ${error.message}`);
    const length = checkedImages * imageBytes(run.record.image);
    // Knuth's multiplicative hash: any pixels will do.
    const pixels = Uint8Array.from({ length }, (_, index) => Math.imul(index + 1, 2654435761) >>> 24);
    return { pixels, ofTestSet: false };
  }
}

async function expectedOutputs(
  { model, record }: TrainedRun,
  input: Float32Array,
  shape: readonly [number, number, number, number],
  whole: boolean,
): Promise<Float32Array> {
  const plain = tf.tidy(() => {
    const x = tf.tensor4d(input, [...shape]);
    const outputs = model.predict(x) as Tensor;
    const flipped = whole && record.testTimeFlip;
    return (flipped ? outputs.add(model.predict(x.reverse(2)) as Tensor).div(2) : outputs).dataSync() as Float32Array;
  });
  if (!whole) return plain;
  const { length: classes } = record.classes;
  const loss = record.loss as LossSpec;
  if (record.targets === 'boxes') return withProbabilities(plain, classes, scoreKind(loss));
  const { scores, fromLogits } = classScores(plain, { loss, width: plain.length / shape[0], classes });
  return Float32Array.from(
    Array.from({ length: shape[0] }, (_, index) =>
      probabilities(scores.subarray(index * classes, (index + 1) * classes), fromLogits),
    ).flat(),
  );
}

/** The outputs of a `model.json` of tfjs, of either format. */
export async function inTfjs(
  folder: string,
  data: Uint8Array | Float32Array,
  shape: readonly number[],
): Promise<Float32Array> {
  const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as {
    readonly modelTopology: object;
    readonly format: string;
    readonly signature?: object;
    readonly weightsManifest: readonly {
      readonly paths: readonly string[];
      readonly weights: Parameters<typeof tf.io.decodeWeights>[1];
    }[];
  };
  const manifest = json.weightsManifest[0] as (typeof json.weightsManifest)[number];
  const bytes = Buffer.concat(await Promise.all(manifest.paths.map((path) => readFile(join(folder, path)))));
  const weightData = new Uint8Array(bytes).buffer;
  const input = (): Tensor => tf.tensor(data, [...shape], data instanceof Float32Array ? 'float32' : 'int32');
  if (json.format === 'layers-model') {
    const model = loadArchitecture(json, folder);
    const weights = tf.io.decodeWeights(weightData, manifest.weights);
    model.loadWeights(weights);
    const outputs = tf.tidy(() => (model.predict(input()) as Tensor).dataSync() as Float32Array);
    model.dispose();
    tf.dispose(weights);
    return outputs;
  }
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: manifest.weights,
      weightData,
      ...(json.signature && { signature: json.signature }),
    }),
  );
  try {
    return tf.tidy(() => (model.predict(input()) as Tensor).dataSync() as Float32Array);
  } finally {
    model.dispose();
  }
}

/** The largest difference, of the largest number expected. */
export function apart(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const furthest = expected.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (found[index] as number))),
    0,
  );
  return furthest === 0 ? 0 : furthest / largest;
}

/** Arrays one behind the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
