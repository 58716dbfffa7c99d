import { type LayersModel, tf } from '../../src/base/tf.js';
import {
  AnchorBoxes,
  BoxPoints,
  ChannelPadding,
  ClassToken,
  DefaultBoxes,
  DropPath,
  FirstToken,
  FixedNormalization,
  PositionEmbedding,
  SelfAttention,
} from '../../src/layers/index.js';

type Symbolic = ReturnType<typeof tf.input>;
type Layer = LayersModel['layers'][number];
const { layers } = tf;

/**
 * A layer in the middle of a small network: convolution before it, dense after it, so that gradients pass through. The
 * convolution has no bias: before a batch normalization its gradient is zero but for rounding.
 */
function around(make: (x: Symbolic) => Symbolic): LayersModel {
  const input = tf.input({ shape: [8, 8, 3] });
  const before = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', useBias: false }).apply(input) as Symbolic;
  let x = make(before);
  if (x.shape.length > 2) x = layers.flatten().apply(x) as Symbolic;
  return tf.model({ inputs: input, outputs: layers.dense({ units: 5 }).apply(x) as Symbolic });
}

const through = (...chain: Layer[]): LayersModel =>
  around((x) => chain.reduce((value, layer) => layer.apply(value) as Symbolic, x));

const steps = (): Layer => layers.reshape({ targetShape: [64, 4] });
const vector = (): Layer => layers.flatten();
const regularized = {
  kernelRegularizer: tf.regularizers.l1l2({ l1: 0.01, l2: 0.02 }),
  biasRegularizer: tf.regularizers.l2({ l2: 0.1 }),
};

const activations = [
  'elu',
  'gelu',
  'gelu_new',
  'hardSigmoid',
  'linear',
  'mish',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'swish',
  'tanh',
] as const;

const branches = (join: Layer): LayersModel =>
  around((x) => {
    const branch = (): Symbolic => layers.conv2d({ filters: 4, kernelSize: 1 }).apply(x) as Symbolic;
    return join.apply([branch(), branch(), x]) as Symbolic;
  });

/** Every layer type, in its ways, by title. */
export const layerCases: Readonly<Record<string, () => LayersModel>> = {
  'Conv2D, strides, valid': () =>
    through(layers.conv2d({ filters: 6, kernelSize: [3, 2], strides: [2, 1], padding: 'valid' })),
  'Conv2D without bias, with activation': () =>
    through(layers.conv2d({ filters: 6, kernelSize: 1, useBias: false, activation: 'tanh' })),
  'Conv2DTranspose, same': () =>
    through(layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' })),
  'Conv2DTranspose, valid': () =>
    through(layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, activation: 'relu' })),
  DepthwiseConv2D: () => through(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })),
  'DepthwiseConv2D, strides': () => through(layers.depthwiseConv2d({ kernelSize: 3, strides: 2 })),
  SeparableConv2D: () =>
    through(layers.separableConv2d({ filters: 6, kernelSize: 3, depthMultiplier: 2, padding: 'same' })),
  Conv1D: () => through(steps(), layers.conv1d({ filters: 3, kernelSize: 5, strides: 2, padding: 'same' })),
  'Dense on images': () => through(layers.dense({ units: 3, activation: 'sigmoid' })),
  'MaxPooling2D after ReLU': () => through(layers.reLU(), layers.maxPooling2d({ poolSize: 2 })),
  'MaxPooling2D, overlapping, same': () => through(layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  'AveragePooling2D, same': () => through(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  MaxPooling1D: () => through(steps(), layers.maxPooling1d({ poolSize: 3, strides: 2 })),
  AveragePooling1D: () => through(steps(), layers.averagePooling1d({ poolSize: 2 })),
  GlobalAveragePooling2D: () => through(layers.globalAveragePooling2d({})),
  GlobalMaxPooling2D: () => through(layers.globalMaxPooling2d({})),
  GlobalAveragePooling1D: () => through(steps(), layers.globalAveragePooling1d({})),
  GlobalMaxPooling1D: () => through(steps(), layers.globalMaxPooling1d({})),
  BatchNormalization: () => through(layers.batchNormalization({ momentum: 0.8 })),
  'BatchNormalization of vectors': () =>
    through(vector(), layers.dense({ units: 7, useBias: false }), layers.batchNormalization({})),
  'BatchNormalization of steps': () => through(steps(), layers.batchNormalization({})),
  'BatchNormalization, wide': () =>
    through(layers.conv2d({ filters: 72, kernelSize: 1, useBias: false }), layers.batchNormalization({})),
  'BatchNormalization, frozen': () => through(layers.batchNormalization({ trainable: false })),
  LayerNormalization: () => through(layers.layerNormalization({})),
  Dropout: () => through(layers.dropout({ rate: 0.3 })),
  'Dropout after ReLU and convolution': () =>
    through(layers.conv2d({ filters: 5, kernelSize: 3, activation: 'relu' }), layers.dropout({ rate: 0.3 })),
  'Dropout of an odd number of elements': () =>
    through(vector(), layers.dense({ units: 7 }), layers.dropout({ rate: 0.5 })),
  'Dropout after pooled ReLU': () =>
    through(layers.reLU(), layers.maxPooling2d({ poolSize: 2 }), layers.dropout({ rate: 0.25 })),
  'two Dropouts': () => through(layers.dropout({ rate: 0.1 }), layers.reLU(), layers.dropout({ rate: 0.9 })),
  AlphaDropout: () => through(layers.activation({ activation: 'selu' }), layers.alphaDropout({ rate: 0.2 })),
  GaussianDropout: () => through(layers.gaussianDropout({ rate: 0.4 })),
  GaussianNoise: () => through(layers.gaussianNoise({ stddev: 0.3 })),
  SpatialDropout1D: () => through(steps(), layers.spatialDropout1d({ rate: 0.4 })),
  DropPath: () => through(new DropPath({ rate: 0.4 })),
  'ReLU up to 0.5': () => through(layers.reLU({ maxValue: 0.5 })),
  'ReLU up to 6': () => through(layers.reLU({ maxValue: 6 })),
  LeakyReLU: () => through(layers.leakyReLU({ alpha: 0.1 })),
  PReLU: () => through(layers.prelu({})),
  'PReLU, shared': () => through(layers.prelu({ sharedAxes: [1, 2] })),
  ELU: () => through(layers.elu({})),
  Softmax: () => through(layers.softmax({ axis: -1 })),
  Add: () => branches(layers.add()),
  Average: () => branches(layers.average()),
  Multiply: () => branches(layers.multiply()),
  Maximum: () => branches(layers.maximum()),
  Minimum: () => branches(layers.minimum()),
  Concatenate: () => branches(layers.concatenate({})),
  'Concatenate of rows': () => branches(layers.concatenate({ axis: 1 })),
  Dot: () =>
    around((x) => {
      const half = (): Symbolic => layers.dense({ units: 6 }).apply(layers.flatten().apply(x)) as Symbolic;
      return layers.dot({ axes: 1, normalize: true }).apply([half(), half()]) as Symbolic;
    }),
  Reshape: () => through(layers.reshape({ targetShape: [2, 16, 8] })),
  Permute: () => through(layers.permute({ dims: [3, 1, 2] }), layers.conv2d({ filters: 2, kernelSize: 3 })),
  RepeatVector: () => through(vector(), layers.dense({ units: 3 }), layers.repeatVector({ n: 4 })),
  ZeroPadding2D: () =>
    through(
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
      layers.conv2d({ filters: 2, kernelSize: 3 }),
    ),
  Cropping2D: () =>
    through(
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
    ),
  'UpSampling2D, nearest': () =>
    through(layers.upSampling2d({ size: [2, 3] }), layers.conv2d({ filters: 2, kernelSize: 3 })),
  'UpSampling2D, bilinear': () => through(layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })),
  Rescaling: () => through(layers.rescaling({ scale: 0.5, offset: -1 })),
  BoxPoints: () =>
    through(
      layers.conv2d({ filters: 6, kernelSize: 1 }),
      layers.reshape({ targetShape: [64, 6] }),
      new BoxPoints({ image: [8, 8], strides: [1] }),
      layers.reshape({ targetShape: [8, 8, 6] }),
      layers.conv2d({ filters: 3, kernelSize: 3 }),
    ),
  DefaultBoxes: () =>
    through(
      layers.conv2d({ filters: 48, kernelSize: 1 }),
      layers.reshape({ targetShape: [64 * 6, 8] }),
      new DefaultBoxes({ image: [8, 8], strides: [1] }),
      layers.reshape({ targetShape: [8, 8, 42] }),
      layers.conv2d({ filters: 3, kernelSize: 3 }),
    ),
  AnchorBoxes: () =>
    through(
      layers.conv2d({ filters: 18, kernelSize: 1 }),
      layers.reshape({ targetShape: [64 * 3, 6] }),
      new AnchorBoxes({ image: [8, 8], strides: [1] }),
      layers.reshape({ targetShape: [8, 8, 18] }),
      layers.conv2d({ filters: 3, kernelSize: 3 }),
    ),
  ChannelPadding: () => through(new ChannelPadding({ channels: 7 })),
  Normalization: () => through(new FixedNormalization()),
  'SelfAttention with class token and positions': () =>
    through(
      steps(),
      new ClassToken(),
      new PositionEmbedding(),
      layers.dense({ units: 12 }),
      new SelfAttention({ heads: 2 }),
      new FirstToken(),
    ),
  'kernel and bias regularizers': () => through(layers.conv2d({ filters: 3, kernelSize: 3, ...regularized })),
  'regularizers of normalization and depthwise kernels': () =>
    through(
      layers.depthwiseConv2d({ kernelSize: 3, useBias: false, depthwiseRegularizer: tf.regularizers.l2({ l2: 0.1 }) }),
      layers.batchNormalization({
        gammaRegularizer: tf.regularizers.l1({ l1: 0.1 }),
        betaRegularizer: tf.regularizers.l2({ l2: 0.1 }),
      }),
    ),
  'a layer used twice': () =>
    around((x) => {
      const shared = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh' });
      return shared.apply(shared.apply(x)) as Symbolic;
    }),
  'a model inside a model': () =>
    through(
      tf.sequential({
        layers: [
          layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 4] }),
          layers.dropout({ rate: 0.2 }),
          layers.batchNormalization({}),
        ],
      }),
    ),
  'an inner model used twice': () =>
    around((x) => {
      const inner = tf.sequential({ layers: [layers.dense({ units: 4, activation: 'relu', inputShape: [8, 8, 4] })] });
      return inner.apply(inner.apply(x)) as Symbolic;
    }),
  'frozen layers before and between trained ones': () =>
    through(
      layers.conv2d({ filters: 3, kernelSize: 3, trainable: false }),
      layers.reLU(),
      layers.conv2d({ filters: 2, kernelSize: 3 }),
    ),
  ...Object.fromEntries(
    activations.map((activation) => [`activation ${activation}`, () => through(layers.activation({ activation }))]),
  ),
};
