import type { LayersModel } from '../base/tf.js';
import { modelParameters } from './parameters.js';

type Layer = LayersModel['layers'][number];
type Shape = readonly (number | null)[];

/** One layer of a summary. */
export interface LayerSummary {
  /** Path of the layer, as in `ParameterSpec.layer`. */
  readonly name: string;
  /** Class, as tfjs and Keras name it. */
  readonly type: string;
  /** Shape of the output without the batch. */
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly trainable: boolean;
  /** Multiplications with addition for one sample. */
  readonly multiplyAdds: number;
}

/** A model in numbers. */
export interface ModelSummary {
  readonly name: string;
  readonly layers: readonly LayerSummary[];
  /** All weights, moving statistics included. */
  readonly parameters: number;
  /** Those the optimizer moves. */
  readonly trainableParameters: number;
  /**
   * Multiply-adds of one sample's forward pass in convolutions, dense layers and attention; what papers and torchvision
   * state as FLOPs. Training costs about three times as much.
   */
  readonly multiplyAdds: number;
  /** Bytes of the float32 outputs of all layers for one sample, which a training step keeps for the backward pass. */
  readonly activationBytes: number;
  /** Bytes that a training step takes at most for one sample; `npm run bench -- sample-memory` measures it. */
  readonly trainingBytes: number;
}

/**
 * How many times its activations a sample may take in a step: they, the gradients on their way back, what convolutions
 * and normalization make of them for themselves, and the allocator's slack.
 */
const trainingFactor = 4;
/** What every sample takes besides: pixels in batch slots, targets, outputs, factors. */
const sampleBytes = 32 * 1024;

/** Layers whose output is their input's memory under another shape, or is kept by the layer before. */
const views = new Set(['InputLayer', 'Flatten', 'Reshape']);

/** Sizes, parameters, cost and memory of each layer and of the whole model. */
export function modelSummary(model: LayersModel): ModelSummary {
  const parameters = new Map<string, number>();
  let total = 0;
  let trainable = 0;
  for (const { spec } of modelParameters(model)) {
    const size = product(spec.shape);
    total += size;
    if (spec.trainable) trainable += size;
    parameters.set(spec.layer, (parameters.get(spec.layer) ?? 0) + size);
  }
  const layers: LayerSummary[] = [];
  let activations = 0;
  const visit = (inner: readonly Layer[], prefix: string): void => {
    for (const layer of inner) {
      const name = `${prefix}${layer.name}`;
      if ('layers' in layer && Array.isArray(layer.layers)) {
        visit(layer.layers, `${name}/`);
        continue;
      }
      let multiplyAdds = 0;
      let outputShape: readonly number[] = [];
      for (const node of layer.inboundNodes) {
        const outputs: readonly Shape[] = node.outputShapes.map(shapeOf);
        outputShape = sizes(outputs[0] ?? []);
        multiplyAdds += costOf(layer, sizes(shapeOf(node.inputShapes[0] ?? [])), outputShape);
        if (!views.has(layer.getClassName())) for (const shape of outputs) activations += product(sizes(shape));
      }
      layers.push({
        name,
        type: layer.getClassName(),
        outputShape,
        parameters: parameters.get(name) ?? 0,
        trainable: layer.trainable,
        multiplyAdds,
      });
    }
  };
  visit(model.layers, '');
  return {
    name: model.name,
    layers,
    parameters: total,
    trainableParameters: trainable,
    multiplyAdds: layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0),
    activationBytes: 4 * activations,
    trainingBytes: trainingFactor * 4 * activations + sampleBytes,
  };
}

/** A summary as a table of text, one line a layer, with the totals below. */
export function formatSummary(summary: ModelSummary): string {
  const header = ['layer', 'class', 'output', 'parameters', 'multiply-adds'];
  const rows = summary.layers.map((layer) => [
    layer.parameters > 0 && !layer.trainable ? `${layer.name} (frozen)` : layer.name,
    layer.type,
    layer.outputShape.join('x'),
    layer.parameters.toLocaleString('en'),
    layer.multiplyAdds.toLocaleString('en'),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    line(header),
    ...rows.map(line),
    '',
    `parameters      ${summary.parameters.toLocaleString('en')} (${summary.trainableParameters.toLocaleString('en')} trainable)`,
    `multiply-adds   ${(summary.multiplyAdds / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} million a sample`,
    `activations     ${bytesInWords(summary.activationBytes)} a sample`,
    `training        at most ${bytesInWords(summary.trainingBytes)} a sample`,
  ].join('\n');
}

/** `1.5 MiB`; below a hundredth of that in KiB. */
function bytesInWords(bytes: number): string {
  const [size, unit] = bytes < 2 ** 20 / 100 ? [2 ** 10, 'KiB'] : [2 ** 20, 'MiB'];
  return `${(bytes / size).toLocaleString('en', { maximumFractionDigits: 2 })} ${unit}`;
}

function costOf(layer: Layer, input: readonly number[], output: readonly number[]): number {
  const kernels = layer.weights.filter((weight) => /kernel$/.test(weight.originalName));
  const elements = kernels.reduce((sum, weight) => sum + product(weight.shape.map((size) => size ?? 1)), 0);
  switch (layer.getClassName()) {
    case 'Conv1D':
    case 'Conv2D':
    case 'SeparableConv2D':
    case 'DepthwiseConv2D':
    case 'Dense': // every kernel element once for each place of the output
      return elements * product(output.slice(0, -1));
    case 'Conv2DTranspose': // and here for each place of the input
      return elements * product(input.slice(0, -1));
    case 'SelfAttention': // queries by keys, then weights by values
      return 2 * (output[0] ?? 0) ** 2 * (output[1] ?? 0);
    default:
      return 0;
  }
}

/** tfjs types a node's shapes as one shape or several. */
function shapeOf(shape: unknown): Shape {
  if (!Array.isArray(shape)) return [];
  return shape.every((size) => size === null || typeof size === 'number') ? shape : shapeOf(shape[0]);
}

function sizes(shape: Shape): number[] {
  return shape.slice(1).map((size) => size ?? 0);
}

function product(values: readonly number[]): number {
  return values.reduce((result, value) => result * value, 1);
}
