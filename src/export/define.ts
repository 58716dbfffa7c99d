import type { LayersModel } from '../base/tf.js';
import type { ImageShape, LossSpec, Preprocess } from '../contracts/index.js';
import type { InferenceGraph } from '../graph/index.js';

/** How weights are kept in fewer bits. */
export const quantizations = ['dynamic-int8'] as const;
export type Quantization = (typeof quantizations)[number];

/** A trained network with all that is said of it, as a format takes it. */
export interface ExportContent {
  /** With its trained weights. */
  readonly model: LayersModel;
  /** The same weights, in the order of `modelParameters`. */
  readonly weights: readonly Float32Array[];
  /** Name and options of the network, where convoy made it by name. */
  readonly network: { readonly name: string; readonly [option: string]: unknown } | undefined;
  readonly classes: readonly string[];
  readonly image: ImageShape;
  readonly preprocess: Preprocess;
  readonly loss: LossSpec;
  readonly testTimeFlip: boolean;
  /** Texts for the place that a format has for them: classes, image, run, hash. */
  readonly metadata: Readonly<Record<string, string>>;
  /** convoy's. */
  readonly version: string;
  /** Whether preprocessing and probabilities are part of what is written. */
  readonly whole: boolean;
  /** Version of ONNX's operators. */
  readonly opset: number;
  /** Of ONNX: weights and activations in 8 bits. */
  readonly quantize?: Quantization | undefined;
  /** The network without training, from pixels to probabilities where `whole`. */
  readonly graph: () => InferenceGraph;
}

/** What was written of one format. */
export interface WrittenExport {
  /** File names in the folder, the one to open first. */
  readonly files: readonly string[];
  /** What a person runs to use it. */
  readonly usage: { readonly language: string; readonly code: string };
}

/** A format of models. */
export interface ExportFormat {
  readonly name: string;
  /** One line, for `--help` and docs. */
  readonly description: string;
  /** Program that reads it, for `--check`. */
  readonly reader: string;
  /** Whether preprocessing and probabilities are inside: by default, or never. */
  readonly preprocessing: 'default' | 'possible' | 'never';
  /** Writes into a folder that exists. */
  readonly write: (content: ExportContent, folder: string) => Promise<WrittenExport>;
}

/** Defines a format of models: one file of `formats/`. */
export function defineExport(format: ExportFormat): ExportFormat {
  return format;
}
