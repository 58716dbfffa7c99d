import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { type SymbolicTensor, tf } from '../../base/tf.js';
import { ClassToken, FirstToken, PositionEmbedding, SelfAttention } from '../../layers/index.js';
import { NetworkBuilder } from '../builder.js';
import { count, defineNetwork, dropoutRate, initializer, type Network } from '../define.js';

/** Variants of Touvron et al. 2021 (DeiT): features and heads. */
const variants = { tiny: { features: 192, heads: 3 }, small: { features: 384, heads: 6 } } as const;

/**
 * The vision transformer: patches by a strided convolution, a class token, learned positions, and pre-norm blocks of
 * self-attention and a two-layer perceptron with exact GELU (or ReLU, which is much quicker here). Layers are named as in PyTorch's timm
 * (`blocks.0.attn.qkv`), whose weights fit: 5,717,416 parameters (tiny) and 22,050,664 (small) at 224x224, patches of 16 and
 * 1,000 classes. For small images choose a smaller `patch`: 4 at 32x32.
 */
function vit(variant: keyof typeof variants): Network {
  const name = `vit-${variant}`;
  const { features: defaultFeatures, heads: defaultHeads } = variants[variant];
  return defineNetwork({
    name,
    title: `Vision transformer, ${variant}`,
    source: 'Dosovitskiy et al. 2021, "An image is worth 16x16 words"; sizes of Touvron et al. 2021; timm',
    smallestInput: 4,
    defaultInput: 224,
    options: {
      patch: z
        .int()
        .min(1)
        .max(256)
        .optional()
        .describe('height and width of a patch: 16, or 4 where the image is smaller than 64'),
      depth: count(12, 'number of blocks'),
      features: count(defaultFeatures, 'features of a token'),
      heads: count(defaultHeads, 'heads of attention; they divide the features'),
      perceptronFactor: z
        .number()
        .min(0.1)
        .max(64)
        .default(4)
        .describe('hidden units of the perceptron for each feature'),
      activation: z.enum(['gelu', 'relu']).default('gelu').describe('activation of the perceptron'),
      pooling: z
        .enum(['token', 'mean'])
        .default('token')
        .describe('classify by a class token or by the mean of all tokens'),
      dropout: dropoutRate(0, 'dropout rate after the positions and in the blocks'),
      dropPath: dropoutRate(0, 'largest rate of stochastic depth, growing from 0 at the first block'),
      initializer: initializer('truncatedNormal'),
    },
    build(shape, options) {
      const { features, heads, depth, dropout } = options;
      const patch = options.patch ?? (Math.min(shape.height, shape.width) < 64 ? 4 : 16);
      if (shape.height % patch !== 0 || shape.width % patch !== 0) {
        throw valueError(`${name}.patch`, `a divisor of height ${shape.height} and width ${shape.width}`, patch);
      }
      if (features % heads !== 0) throw valueError(`${name}.heads`, `a divisor of features ${features}`, heads);
      const net = new NetworkBuilder(options);
      const normalize = (x: SymbolicTensor, layer: string) =>
        net.apply(tf.layers.layerNormalization({ epsilon: 1e-6, name: layer }), x);
      const hidden = Math.max(1, Math.round(features * options.perceptronFactor));
      const block = (x: SymbolicTensor, index: number): SymbolicTensor => {
        const path = `blocks.${index}`;
        const dropPath = depth > 1 ? (options.dropPath * index) / (depth - 1) : 0;
        let y = net.dense(normalize(x, `${path}.norm1`), 3 * features, { name: `${path}.attn.qkv` });
        y = net.apply(new SelfAttention({ heads, name: `${path}.attn` }), y);
        y = net.dropout(net.dense(y, features, { name: `${path}.attn.proj` }), dropout, `${path}.attn.drop`);
        const attended = net.add([x, net.dropPath(y, dropPath, `${path}.drop_path1`)], `${path}.add1`);
        let z = net.dense(normalize(attended, `${path}.norm2`), hidden, { name: `${path}.mlp.fc1` });
        z = net.dropout(net.activation(z, options.activation, `${path}.mlp.act`), dropout, `${path}.mlp.drop1`);
        z = net.dropout(net.dense(z, features, { name: `${path}.mlp.fc2` }), dropout, `${path}.mlp.drop2`);
        return net.add([attended, net.dropPath(z, dropPath, `${path}.drop_path2`)], `${path}.add2`);
      };
      const input = net.input(shape);
      let x = net.convolution(input, features, {
        name: 'patch_embed.proj',
        kernel: patch,
        strides: patch,
        padding: 'valid',
      });
      const patches = (shape.height / patch) * (shape.width / patch);
      x = net.apply(tf.layers.reshape({ targetShape: [patches, features], name: 'patch_embed.flatten' }), x);
      if (options.pooling === 'token') x = net.apply(new ClassToken({ name: 'cls_token' }), x);
      x = net.dropout(net.apply(new PositionEmbedding({ name: 'pos_embed' }), x), dropout, 'pos_drop');
      for (let index = 0; index < depth; index++) x = block(x, index);
      x = normalize(x, 'norm');
      x =
        options.pooling === 'token'
          ? net.apply(new FirstToken({ name: 'pool' }), x)
          : net.apply(tf.layers.globalAveragePooling1d({ name: 'pool' }), x);
      return net.model(name, input, net.dense(x, shape.classes, { name: 'head' }));
    },
  });
}

/** ViT-tiny and ViT-small. */
export const visionTransformers: readonly Network[] = [vit('tiny'), vit('small')];
