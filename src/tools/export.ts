import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { choiceError, combinationError, valueError } from '../base/errors.js';
import type { LossSpec, Preprocess } from '../contracts/index.js';
import {
  type CardContent,
  type ExportFormat,
  exportFormat,
  modelCard,
  onnxOpsets,
  type Quantization,
  quantizations,
} from '../export/index.js';
import { inferenceGraph } from '../graph/index.js';
import { modelParameters } from '../models/index.js';
import { type OpenRunOptions, openRun, type TrainedRun } from '../training/index.js';
import { checkExport, type ExportCheck } from './export-check.js';

export interface ExportRunOptions extends OpenRunOptions {
  /** Run folder. */
  readonly run: string;
  /** A name of `exportFormats`. */
  readonly format: string;
  /** Folder for the files; `exports/FORMAT` in the run's by default. */
  readonly out?: string | undefined;
  /** Whether the model takes uint8 pixels and gives probabilities; by default where the format has it so. */
  readonly withPreprocessing?: boolean | undefined;
  /** Version of ONNX's operators; 17. */
  readonly opset?: number | undefined;
  /** Of ONNX: weights in 8 bits, activations too while it runs. Outputs then differ from convoy's by some percent. */
  readonly quantize?: Quantization | undefined;
  /** Run the export on 16 images in the program that reads it. */
  readonly check?: boolean | undefined;
  /** Interpreter for the check; `CONVOY_EXPORT_PYTHON`, else `python3`. */
  readonly python?: string | undefined;
  /** The command, for the model card. */
  readonly command?: string | undefined;
}

/** What an export wrote. */
export interface RunExport {
  readonly format: string;
  readonly folder: string;
  /** In the folder, the one to open first. */
  readonly files: readonly string[];
  readonly withPreprocessing: boolean;
  readonly usage: { readonly language: string; readonly code: string };
  readonly check?: ExportCheck;
}

const defaultOpset = 17;

/**
 * Writes a trained run in a format of other programs, with a model card, `README.md`, beside it.
 *
 * @throws ConvoyError `CONVOY_OPTION` for an unknown format or one that lacks what is asked for, `CONVOY_MODEL` naming the
 *   layer that the format lacks, `CONVOY_CHECKPOINT` where there is no run, `CONVOY_DISK`.
 */
export async function exportRun(options: ExportRunOptions): Promise<RunExport> {
  const {
    run: source,
    format: name,
    out,
    withPreprocessing,
    opset,
    quantize,
    check,
    python,
    command,
    ...opening
  } = options;
  const format = exportFormat(name);
  const whole = isWhole(format, withPreprocessing);
  const operators = opsetOf(format, opset);
  checkQuantization(format, quantize);
  const run = await openRun(source, opening);
  const folder = out ?? join(source, 'exports', name);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  const { record, model } = run;
  const { classes, image, preprocess, testTimeFlip } = record;
  const loss = record.loss as LossSpec;
  try {
    const weights = modelParameters(model).map(({ variable }) => variable.read().dataSync() as Float32Array);
    const weightsSha256 = digestOf(weights);
    const written = await format.write(
      {
        ...{ model, weights, classes, image, preprocess, loss, testTimeFlip, whole, opset: operators },
        quantize,
        network: run.config.model,
        version: record.versions['convoy'] ?? '',
        metadata: metadataOf(run, source, weightsSha256),
        graph: () =>
          inferenceGraph(model, weights, {
            image,
            whole: whole ? { preprocess, loss, classes: classes.length, testTimeFlip } : undefined,
          }),
      },
      folder,
    );
    const given = {
      format: name,
      whole,
      written,
      weightsSha256,
      command:
        command ?? `convoy export ${source} --format ${name}${quantize === undefined ? '' : ` --quantize ${quantize}`}`,
    };
    await writeFileAtomic(join(folder, 'README.md'), [card(run, given)]);
    const result = {
      ...{ format: name, folder, withPreprocessing: whole, usage: written.usage },
      files: [...written.files, 'README.md'],
    };
    if (check !== true) return result;
    const interpreter = python ?? process.env['CONVOY_EXPORT_PYTHON'] ?? 'python3';
    const checked = await checkExport({
      quantized: quantize !== undefined,
      run,
      source,
      opening,
      format,
      folder,
      whole,
      written,
      python: interpreter,
    });
    return { ...result, check: checked };
  } finally {
    model.dispose();
  }
}

function isWhole({ name, preprocessing }: ExportFormat, wanted: boolean | undefined): boolean {
  if (wanted === true && preprocessing === 'never') {
    throw combinationError('--with-preprocessing', 'needs', `a format of graphs, not --format ${name}`);
  }
  return wanted ?? preprocessing === 'default';
}

function checkQuantization({ name }: ExportFormat, quantize: Quantization | undefined): void {
  if (quantize === undefined) return;
  if (name !== 'onnx') throw combinationError('--quantize', 'needs', '--format onnx');
  if (!quantizations.includes(quantize)) throw choiceError('--quantize', quantize, { known: quantizations });
}

function opsetOf({ name }: ExportFormat, opset: number | undefined): number {
  if (opset === undefined) return defaultOpset;
  if (name !== 'onnx') throw combinationError('--opset', 'needs', '--format onnx');
  if (onnxOpsets.has(opset)) return opset;
  throw valueError(
    '--opset',
    `an integer from ${Math.min(...onnxOpsets.keys())} to ${Math.max(...onnxOpsets.keys())}`,
    opset,
  );
}

/** Texts that formats keep beside the model. */
function metadataOf({ record }: TrainedRun, source: string, weightsSha256: string): Record<string, string> {
  const { classes, image, dataset, preprocess, versions } = record;
  return {
    classes: JSON.stringify(classes),
    image: JSON.stringify(image),
    preprocess: JSON.stringify(preprocess),
    dataset: dataset.name,
    run: basename(resolve(source)),
    weightsSha256,
    generator: `convoy ${versions['convoy'] ?? ''}`,
  };
}

/** SHA-256 over the raw float32 weights, as a run's summary has it. */
function digestOf(weights: readonly Float32Array[]): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of weights) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

function card(
  { record, config, history, model }: TrainedRun,
  given: Pick<CardContent, 'format' | 'command' | 'written' | 'weightsSha256'> & { readonly whole: boolean },
): string {
  const { classes, image, preprocess, dataset, versions } = record;
  const { name: network, ...options } = config.model;
  const { height, width, channels } = image;
  const set = Object.entries(options).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const last = history.at(-1);
  const { whole, ...rest } = given;
  return modelCard({
    ...rest,
    network: set.length === 0 ? network : `${network}:${set.join(',')}`,
    parameters: model.countParams(),
    dataset: dataset.name,
    fingerprint: dataset.train,
    classes,
    image: `${height}x${width}x${channels}`,
    input: whole ? 'uint8 pixels from 0 to 255, channels last' : preprocessedBy(preprocess),
    output: whole ? 'probabilities of the classes' : "the network's outputs",
    epochs: history.length,
    seed: config.seed,
    scores: last?.test === undefined ? {} : { 'test accuracy': last.test.accuracy, 'test loss': last.test.loss },
    versions,
  });
}

function preprocessedBy({ scale, offset }: Preprocess): string {
  return `float32, channels last: pixel from 0 to 255 times ${scale.join(', ')} plus ${offset.join(', ')}`;
}
