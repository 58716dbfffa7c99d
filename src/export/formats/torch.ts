import { join } from 'node:path';
import { choiceError, valueError } from '../../base/errors.js';
import { layersByPath, modelParameters } from '../../models/index.js';
import { flattenedBefore, writeSafetensors } from '../../weights/index.js';
import { defineExport, type ExportContent } from '../define.js';
import { type TorchArchitecture, torchArchitectures } from '../torch/architectures.js';
import { toTorch } from '../torch/layout.js';

const file = 'model.safetensors';

/** PyTorch's names of weights. */
const weightNames: Readonly<Record<string, string>> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  gamma: 'weight',
  bias: 'bias',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};
/** Weights that PyTorch keeps as parameters without a module of their own. */
const bare: ReadonlySet<string> = new Set(['token', 'embedding']);

/** safetensors in the names and layouts of torchvision or timm. */
export const torch = defineExport({
  name: 'torch',
  description: 'safetensors in the names and layouts of torchvision or timm, for the networks that they have',
  reader: 'Python with torch and torchvision or timm',
  preprocessing: 'never',
  async write(content, folder) {
    const { model, weights, metadata } = content;
    const architecture = architectureOf(content);
    const layers = layersByPath(model);
    const tensors = modelParameters(model).map(({ spec: { name, layer, shape } }, index) => {
      const weight = name.slice(layer.length + 1);
      const module = architecture.module?.(layer, content) ?? layer;
      const found = layers.get(layer);
      const flattened = found && flattenedBefore(found);
      const data = weights[index] as Float32Array;
      return {
        name: bare.has(weight) ? module : `${module}.${weightNames[weight] ?? weight}`,
        ...toTorch(weight, shape, data, weight === 'kernel' && shape.length === 2 ? flattened : undefined),
      };
    });
    await writeSafetensors(join(folder, file), tensors, metadata);
    return {
      files: [file],
      usage: {
        language: 'python',
        code: `from safetensors.torch import load_file
${architecture.code(content)}
model.load_state_dict(load_file('${file}'))
outputs = model.eval()(images) # preprocessed, [n, channels, height, width]`,
      },
    };
  },
});

function architectureOf(content: ExportContent): TorchArchitecture {
  const { network, model } = content;
  const architecture = torchArchitectures.get(network?.name ?? '');
  if (architecture === undefined) {
    throw choiceError('--format torch', network?.name ?? 'a model file', {
      known: [...torchArchitectures.keys()],
      what: 'network of torchvision or timm',
    });
  }
  if (/^resnet(50|101)$/.test(network?.name ?? '') && network?.['variant'] !== 'torch') {
    throw valueError('--format torch', `${network?.name}:variant=torch, torchvision's form`, "Keras's form");
  }
  const { flattened } = architecture;
  const first = modelParameters(model).find(({ spec: { shape } }) => shape.length === 2)?.spec.shape[0];
  if (flattened !== undefined && first !== flattened) {
    const expected = `images for which ${network?.name} flattens ${flattened} features, as of 224x224 (torchvision has no other form)`;
    throw valueError('--format torch', expected, first);
  }
  return architecture;
}
