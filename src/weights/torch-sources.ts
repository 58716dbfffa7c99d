/** Networks whose layers have other names in torchvision and timm than here, though they compute the same. */
import type { LayersModel } from '../base/tf.js';

/** Our name of a tensor by PyTorch's, in PyTorch's spelling (`fc1.weight`); undefined for a name that is none of the source's. */
type Translation = (name: string) => string | undefined;

interface Source {
  /** A layer by which the network is known. */
  readonly layer: string;
  readonly translation: (model: LayersModel) => Translation;
}

type Rule = readonly [pattern: RegExp, name: string];

/** The first rule that fits the whole name. */
function byRules(rules: readonly Rule[]): Translation {
  return (name) => {
    const rule = rules.find(([pattern]) => pattern.test(name));
    return rule && name.replace(...rule);
  };
}

const block = String.raw`^encoder\.layers\.encoder_layer_(\d+)\.`;

/** torchvision's `VisionTransformer`. */
const vit = byRules([
  [/^conv_proj\./, 'patch_embed.proj.'],
  [/^class_token$/, 'cls_token'],
  [/^encoder\.pos_embedding$/, 'pos_embed'],
  [/^encoder\.ln\./, 'norm.'],
  [/^heads\.head\./, 'head.'],
  [new RegExp(String.raw`${block}ln_([12])\.`), 'blocks.$1.norm$2.'],
  [new RegExp(String.raw`${block}self_attention\.in_proj_(weight|bias)$`), 'blocks.$1.attn.qkv.$2'],
  [new RegExp(String.raw`${block}self_attention\.out_proj\.`), 'blocks.$1.attn.proj.'],
  // Files of before torchvision 0.13 call the dense layers linear_1 and linear_2.
  [new RegExp(String.raw`${block}mlp\.(?:0|linear_1)\.`), 'blocks.$1.mlp.fc1.'],
  [new RegExp(String.raw`${block}mlp\.(?:3|linear_2)\.`), 'blocks.$1.mlp.fc2.'],
]);

/** Keras counts the stem as the first stage. */
const next = (stage: string): number => Number(stage) + 1;

/** torchvision's and timm's `DenseNet`; old files have a dot before the numbers of norms and convolutions. */
const densenet: Translation = (name) => {
  const layer = /^features\.denseblock(\d+)\.denselayer(\d+)\.(norm|conv)\.?([12])\.(.*)$/.exec(name);
  if (layer !== null) {
    const [, stage = '', number, kind, place, weight] = layer;
    const own = kind === 'conv' ? `${place}_conv` : `${Number(place) - 1}_bn`;
    return `conv${next(stage)}_block${number}_${own}.${weight}`;
  }
  const transition = /^features\.transition(\d+)\.(norm|conv)\.(.*)$/.exec(name);
  if (transition !== null) {
    const [, stage = '', kind, weight] = transition;
    return `pool${next(stage)}_${kind === 'conv' ? 'conv' : 'bn'}.${weight}`;
  }
  return byRules([
    [/^features\.conv0\./, 'conv1_conv.'],
    [/^features\.norm0\./, 'conv1_bn.'],
    [/^features\.norm5\./, 'bn.'],
    [/^classifier\./, 'predictions.'],
  ])(name);
};

/** torchvision's and timm's `VGG`, which number every layer of the features: convolutions, norms, ReLUs and poolings. */
function vgg({ layers }: LayersModel): Translation {
  const features = new Map<string, string>();
  let place = 0;
  const normalized = layers.some((layer) => layer.name === 'block1_bn1');
  for (const layer of layers) {
    const isConvolution = layer.getClassName() === 'Conv2D';
    if (!/^block\d_(conv|bn|pool)/.test(layer.name)) continue;
    features.set(String(place), layer.name);
    // A convolution is followed by its norm or its ReLU, a norm by its ReLU.
    place += layer.name.includes('_pool') || (isConvolution && normalized) ? 1 : 2;
  }
  const others = byRules([
    [/^(classifier\.0|pre_logits\.fc1)\./, 'fc1.'],
    [/^(classifier\.3|pre_logits\.fc2)\./, 'fc2.'],
    [/^(classifier\.6|head\.fc)\./, 'predictions.'],
  ]);
  return (name) => {
    const [, number = '', weight] = /^features\.(\d+)\.(.*)$/.exec(name) ?? [];
    const layer = features.get(number);
    return layer === undefined ? others(name) : `${layer}.${weight}`;
  };
}

/** Blocks of MobileNet v2 before each of timm's stages. */
const blocksBefore = [0, 1, 3, 6, 10, 13, 16];

/** timm's `mobilenetv2_100` by torchvision's names. */
const mobilenetV2: Translation = (name) => {
  const [, stage = '', place = '', kind, weight] = /^blocks\.(\d)\.(\d)\.(\w+)\.(.*)$/.exec(name) ?? [];
  if (kind !== undefined) {
    const first = stage === '0' ? { conv_dw: '0.0', bn1: '0.1', conv_pw: '1', bn2: '2' } : undefined;
    const inverted = { conv_pw: '0.0', bn1: '0.1', conv_dw: '1.0', bn2: '1.1', conv_pwl: '2', bn3: '3' };
    const layer = new Map(Object.entries(first ?? inverted)).get(kind);
    const before = blocksBefore[Number(stage)];
    return layer && before !== undefined ? `features.${before + Number(place) + 1}.conv.${layer}.${weight}` : undefined;
  }
  return byRules([
    [/^conv_stem\./, 'features.0.0.'],
    [/^bn1\./, 'features.0.1.'],
    [/^conv_head\./, 'features.18.0.'],
    [/^bn2\./, 'features.18.1.'],
    [/^classifier\./, 'classifier.1.'],
  ])(name);
};

const sources: readonly Source[] = [
  { layer: 'patch_embed.proj', translation: () => vit },
  { layer: 'conv2_block1_concat', translation: () => densenet },
  { layer: 'block1_conv1', translation: vgg },
  { layer: 'features.18.0', translation: () => mobilenetV2 },
];

/** Our names of the tensors of torchvision's or timm's form of the model, where its layers have other names. */
export function torchTranslation(model: LayersModel): Translation {
  const names = new Set(model.layers.map(({ name }) => name));
  return sources.find(({ layer }) => names.has(layer))?.translation(model) ?? (() => undefined);
}

/** Networks here that compute something else than those of PyTorch, by a layer, and what to do. */
const others: readonly (readonly [layer: string, advice: string])[] = [
  [
    'conv1_conv',
    'This network is the one of Keras; that of torchvision and timm is built with the option variant=torch',
  ],
  [
    'expanded_conv_depthwise',
    'This network pads as in Keras; that of torchvision and timm is built with the option variant=torch',
  ],
  ['conv_dw_1', 'This network pads as in Keras, that of timm pads all sides: their weights do not fit each other'],
  ['block1a_dwconv', 'This network pads and normalizes as in Keras: weights of torchvision and timm do not fit it'],
  ['mixed0', 'This network pools as in Keras: weights of torchvision and timm do not fit it'],
];

/** What to do with PyTorch's weights of a network that is here the one of Keras. */
export function torchAdvice({ layers }: LayersModel): string | undefined {
  const names = new Set(layers.map(({ name }) => name));
  return others.find(([layer]) => names.has(layer))?.[1];
}
