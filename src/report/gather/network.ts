import { filterPictures } from '../../analysis/index.js';
import type { LayersModel } from '../../base/tf.js';
import { isModel } from '../../layers/index.js';
import { modelSummary } from '../../models/index.js';
import type { FilterReport, LayerReport, NetworkReport } from '../types.js';
import { sheetOf } from './sheet.js';

type Layer = LayersModel['layers'][number];

/** Kernels of more layers would make the page large. */
const mostFilters = 24;

/** The layers of a network with their connections, and the filters of its convolutions. */
export async function networkReport(model: LayersModel): Promise<NetworkReport> {
  const summary = modelSummary(model);
  const known = new Map(summary.layers.map((layer) => [layer.name, layer]));
  const places = new Map(model.layers.map((layer, index) => [layer, index]));
  const layers = model.layers.map((layer): LayerReport => {
    const own = known.get(layer.name);
    const inner = summary.layers.filter(({ name }) => name.startsWith(`${layer.name}/`));
    return {
      name: layer.name,
      type: isModel(layer) ? `Model of ${layer.layers.length} layers` : layer.getClassName(),
      shape: own?.outputShape ?? shapeOf(layer),
      parameters: own?.parameters ?? inner.reduce((sum, { parameters }) => sum + parameters, 0),
      trainable: layer.trainable,
      details: detailsOf(layer),
      inputs: inputsOf(layer).flatMap((from) => places.get(from) ?? []),
    };
  });
  return {
    name: summary.name,
    parameters: summary.parameters,
    trainableParameters: summary.trainableParameters,
    multiplyAdds: summary.multiplyAdds,
    layers,
    filters: await filtersOf(model),
  };
}

function shapeOf(layer: Layer): number[] {
  const shape = layer.outputShape;
  const first = Array.isArray(shape[0]) ? shape[0] : shape;
  return (first as (number | null)[]).slice(1).map((size) => size ?? 0);
}

/** The layers whose outputs a layer takes where it was applied last. */
export function inputsOf(layer: Layer): Layer[] {
  return (layer.inboundNodes.at(-1)?.inboundLayers ?? []) as Layer[];
}

const told: readonly (readonly [key: string, text: string])[] = [
  ['kernelSize', 'kernel'],
  ['poolSize', 'window'],
  ['strides', 'stride'],
  ['padding', 'padding'],
  ['dilationRate', 'dilation'],
  ['activation', 'activation'],
  ['rate', 'rate'],
];

/** Strides of 1 and the like say nothing. */
const plain: ReadonlySet<string> = new Set(['stride 1x1', 'dilation 1x1', 'activation linear']);

function detailsOf(layer: Layer): string {
  const config = layer.getConfig();
  return told
    .flatMap(([key, text]) => {
      const value: unknown = config[key];
      if (value === undefined || value === null || typeof value === 'object') {
        return Array.isArray(value) && value.length > 0 ? [`${text} ${value.join('x')}`] : [];
      }
      return [`${text} ${String(value)}`];
    })
    .filter((text) => !plain.has(text))
    .join(', ');
}

async function filtersOf(model: LayersModel): Promise<FilterReport[]> {
  const found: FilterReport[] = [];
  for (const layer of model.layers) {
    const kernel = isModel(layer) ? undefined : layer.weights.find(({ shape }) => shape.length === 4);
    if (kernel === undefined || found.length >= mostFilters) continue;
    const [height = 1, width = 1, inputs = 1, outputs = 1] = kernel.shape.map((size) => size ?? 1);
    if (height * width === 1) continue; // one number each
    const depthwise = layer.getClassName() === 'DepthwiseConv2D';
    const shape = [height, width, depthwise ? 1 : inputs, depthwise ? inputs * outputs : outputs] as const;
    const { pictures, perFilter } = filterPictures(kernel.read().dataSync(), shape);
    found.push({ layer: layer.name, shape, perFilter, sheet: await sheetOf(pictures) });
  }
  return found;
}
