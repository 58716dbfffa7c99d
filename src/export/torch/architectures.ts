/** Networks that torchvision or timm have with the same arithmetic, and the names of their modules there. */
import type { ExportContent } from '../define.js';

/** A network in a library of PyTorch. */
export interface TorchArchitecture {
  /** Python that makes it as `model`. */
  readonly code: (content: ExportContent) => string;
  /** The module that a layer is there; its own name by default. */
  readonly module?: (layer: string, content: ExportContent) => string;
  /** Features of the first dense layer there, where images of one size alone fit. */
  readonly flattened?: number;
}

const vision = (call: string, more = ''): TorchArchitecture['code'] => {
  return ({ classes }) => `import torchvision
model = torchvision.models.${call}(weights=None, num_classes=${classes.length}${more})`;
};

/** Layers of VGG by their place among torchvision's `features`: a convolution, its normalization, ReLU, poolings between blocks. */
function vggModule(layer: string, { model, network }: ExportContent): string {
  const dense: Readonly<Record<string, string>> = {
    fc1: 'classifier.0',
    fc2: 'classifier.3',
    predictions: 'classifier.6',
  };
  const known = dense[layer];
  if (known !== undefined) return known;
  const normalized = network?.name.endsWith('-bn') ?? false;
  let place = 0;
  for (const { name } of model.layers) {
    const isConvolution = /^block\d+_conv\d+$/.test(name);
    if (name === layer) return `features.${isConvolution ? place : place - (normalized ? 2 : 0)}`;
    if (isConvolution) place += normalized ? 3 : 2;
    if (/^block\d+_pool$/.test(name)) place += 1;
  }
  return layer;
}

const vgg = (depth: number): [string, TorchArchitecture][] => [
  [`vgg${depth}`, { code: vision(`vgg${depth}`), module: vggModule, flattened: 25_088 }],
  [`vgg${depth}-bn`, { code: vision(`vgg${depth}_bn`), module: vggModule, flattened: 25_088 }],
];

function vit({ model, network, image, classes }: ExportContent): string {
  const option = (name: string, otherwise: unknown): unknown => network?.[name] ?? otherwise;
  const isSmall = network?.name === 'vit-small';
  const patch = option('patch', Math.min(image.height, image.width) < 64 ? 4 : 16);
  const factor = option('perceptronFactor', 4);
  const pooled = model.layers.some(({ name }) => name === 'cls_token')
    ? ''
    : ", global_pool='avg', class_token=False, fc_norm=False";
  return `import timm
model = timm.models.vision_transformer.VisionTransformer(
    img_size=(${image.height}, ${image.width}), in_chans=${image.channels}, num_classes=${classes.length}, patch_size=${String(patch)},
    embed_dim=${String(option('features', isSmall ? 384 : 192))}, depth=${String(option('depth', 12))}, num_heads=${String(option('heads', isSmall ? 6 : 3))}, mlp_ratio=${String(factor)}${pooled})`;
}

const vitModule = (layer: string): string => layer;

const residual = (name: string): TorchArchitecture => ({ code: vision(name) });

/** By convoy's names of the networks. */
export const torchArchitectures: ReadonlyMap<string, TorchArchitecture> = new Map<string, TorchArchitecture>([
  ['alexnet', { code: vision('alexnet'), flattened: 9_216 }],
  ...[11, 13, 16, 19].flatMap(vgg),
  ['resnet18', residual('resnet18')],
  ['resnet34', residual('resnet34')],
  ['resnet50', residual('resnet50')],
  ['resnet101', residual('resnet101')],
  ['squeezenet', { code: vision('squeezenet1_1') }],
  ['googlenet', { code: vision('googlenet', ', aux_logits=False, init_weights=False') }],
  ['vit-tiny', { code: vit, module: vitModule }],
  ['vit-small', { code: vit, module: vitModule }],
]);
