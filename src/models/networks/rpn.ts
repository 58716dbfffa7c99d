import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { type SymbolicTensor, tf } from '../../base/tf.js';
import { rpnAnchorsPerCell } from '../../boxes/index.js';
import { AnchorBoxes } from '../../layers/index.js';
import { NetworkBuilder, torchBatchNorm } from '../builder.js';
import { count, defineNetwork, initializer, multiplier } from '../define.js';
import { torchStages } from './resnet.js';

/** Strides of the pyramid's maps. */
const strides = [4, 8, 16, 32, 64];

/** Stride of the last stage of a ResNet. */
const coarsest = 32;

/** Layers of a ResNet. */
const depths = [18, 34, 50, 101] as const;

/**
 * A ResNet's maps joined from the coarsest to the finest (Lin et al. 2017), as torchvision's `FeaturePyramidNetwork`; P6 is every second
 * place of P5.
 */
export function featurePyramid(
  net: NetworkBuilder,
  stages: readonly SymbolicTensor[],
  width: number,
): SymbolicTensor[] {
  const maps: SymbolicTensor[] = [];
  let above: SymbolicTensor | undefined;
  for (let place = stages.length - 1; place >= 0; place--) {
    const name = (kind: string): string => `backbone.fpn.${kind}_blocks.${place}.0`;
    let inner = net.convolution(stages[place] as SymbolicTensor, width, { name: name('inner'), kernel: 1 });
    if (above !== undefined) {
      const options = { name: `backbone.fpn.up.${place}`, size: [2, 2] as [number, number] };
      const larger = net.apply(tf.layers.upSampling2d({ ...options, interpolation: 'nearest' }), above);
      inner = net.add([inner, larger], `backbone.fpn.add.${place}`);
    }
    above = inner;
    maps.unshift(net.convolution(inner, width, { name: name('layer'), kernel: 3 }));
  }
  const pool = tf.layers.maxPooling2d({ name: 'backbone.fpn.pool', poolSize: 1, strides: 2 });
  return [...maps, net.apply(pool, maps.at(-1) as SymbolicTensor)];
}

/** A region proposal network on a ResNet with a feature pyramid: the first stage of Faster R-CNN, a detector by itself. */
export const rpn = defineNetwork({
  name: 'rpn',
  title: 'Region proposal network on a ResNet with a feature pyramid: the first stage of Faster R-CNN',
  source: "Ren et al. 2015 (Faster R-CNN), section 3.1; Lin et al. 2017; torchvision's fasterrcnn_resnet50_fpn",
  // At 32 the last stage has one place an image: normalizing few of them makes gradients explode.
  smallestInput: 64,
  defaultInput: 224,
  defaultClasses: 1,
  gives: 'boxes',
  options: {
    depth: z
      .union(depths.map((depth) => z.literal(depth)))
      .default(50)
      .describe(`layers of the ResNet: ${depths.join(', ')}`),
    widthFactor: multiplier(1, 'factor on the channels of the ResNet'),
    pyramid: count(256, 'channels of the feature pyramid and of the convolution on it'),
    initializer: initializer('heNormalFanOut'),
  },
  build(shape, { depth, widthFactor, pyramid, initializer: kernels }) {
    if (shape.height % coarsest !== 0 || shape.width % coarsest !== 0) {
      throw valueError(
        'the images of rpn',
        `height and width that are multiples of ${coarsest} (--image-size in a command line)`,
        [shape.height, shape.width],
      );
    }
    const net = new NetworkBuilder({ initializer: kernels, batchNorm: torchBatchNorm });
    const input = net.input(shape);
    const stages = torchStages(net, input, { depth, widthFactor, path: 'backbone.body.' });
    const maps = featurePyramid(net, stages, pyramid);
    const { classes } = shape;
    // One convolution and one head for all maps; torchvision's kernels are normal with a deviation of 0.01.
    const convolution = (name: string, filters: number, kernelSize: number) =>
      tf.layers.conv2d({
        ...{ name, filters, kernelSize, padding: 'same', activation: kernelSize > 1 ? 'relu' : 'linear' },
        kernelInitializer: tf.initializers.randomNormal({ mean: 0, stddev: 0.01 }),
      });
    const tower = convolution('rpn.head.conv.0.0', pyramid, 3);
    const heads = [
      [convolution('rpn.head.bbox_pred', rpnAnchorsPerCell * 4, 1), 4],
      [convolution('rpn.head.cls_logits', rpnAnchorsPerCell * classes, 1), classes],
    ] as const;
    const rows = maps.map((map, level) => {
      const [, height = 0, width = 0] = map.shape as number[];
      const x = net.apply(tower, map);
      const parts = heads.map(([head, length]) => {
        const targetShape = [height * width * rpnAnchorsPerCell, length];
        return net.apply(tf.layers.reshape({ name: `${head.name}.rows.${level}`, targetShape }), net.apply(head, x));
      });
      return net.concatenate(parts, `rpn.head.${level}`);
    });
    const all = net.apply(tf.layers.concatenate({ name: 'rpn.head', axis: 1 }), rows);
    const image = [shape.height, shape.width];
    return net.model('rpn', input, net.apply(new AnchorBoxes({ name: 'proposals', image, strides }), all));
  },
});
