import { choiceError } from '../base/errors.js';
import type { ExportFormat } from './define.js';
import { keras } from './formats/keras.js';
import { onnx } from './formats/onnx.js';
import { safetensors } from './formats/safetensors.js';
import { savedModel } from './formats/saved-model.js';
import { tfjsGraph } from './formats/tfjs-graph.js';
import { tfjsLayers } from './formats/tfjs-layers.js';
import { torch } from './formats/torch.js';

/** Every format that a model is handed on in. */
export const exportFormats: readonly ExportFormat[] = [
  savedModel,
  onnx,
  safetensors,
  torch,
  keras,
  tfjsLayers,
  tfjsGraph,
];

/**
 * The format called `name`.
 *
 * @throws ConvoyError `CONVOY_OPTION` when there is none of that name.
 */
export function exportFormat(name: string): ExportFormat {
  const format = exportFormats.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  throw choiceError('--format', name, { known: exportFormats.map((known) => known.name), what: 'format' });
}
