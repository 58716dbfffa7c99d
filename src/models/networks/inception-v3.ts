import type { SymbolicTensor } from '../../base/tf.js';
import { NetworkBuilder, scaled } from '../builder.js';
import { defineNetwork, dropoutRate, initializer, multiplier } from '../define.js';

type Kernel = number | readonly [number, number];
/** One convolution of a branch: channels and kernel. */
type Step = readonly [channels: number, kernel: Kernel];

/**
 * Inception v3 as Keras Applications has it (23,851,784 parameters at 1,000 classes, no auxiliary classifier). Its layers
 * have no names of their own there but numbers in order of creation, which its weights file keeps: `conv2d_1` to
 * `conv2d_94`, each with its `batch_normalization_N`.
 */
export const inceptionV3 = defineNetwork({
  name: 'inception-v3',
  title: 'Inception v3',
  source: 'Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision"; Keras Applications',
  smallestInput: 75,
  defaultInput: 299,
  options: {
    dropout: dropoutRate(0, 'dropout rate before the logits (the paper trains with 0.2)'),
    widthFactor: multiplier(1),
    initializer: initializer('glorotUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder(options);
    let number = 0;
    const unit = (
      x: SymbolicTensor,
      channels: number,
      kernel: Kernel,
      strides = 1,
      padding: 'same' | 'valid' = 'same',
    ) => {
      number++;
      const filters = scaled(channels, options.widthFactor);
      const y = net.convolution(x, filters, { name: `conv2d_${number}`, kernel, strides, padding, useBias: false });
      return net.relu(net.batchNorm(y, `batch_normalization_${number}`, { scale: false }), `activation_${number}`);
    };
    /** A chain of convolutions; `reduce` gives the last one stride 2 without padding. */
    const chain = (x: SymbolicTensor, steps: readonly Step[], reduce = false): SymbolicTensor =>
      steps.reduce((y, [channels, kernel], index) => {
        const last = reduce && index === steps.length - 1;
        return unit(y, channels, kernel, last ? 2 : 1, last ? 'valid' : 'same');
      }, x);
    const pool3 = (x: SymbolicTensor, name: string) => net.maxPool(x, { name, size: 3, strides: 2, padding: 'valid' });
    const pooled = (x: SymbolicTensor, channels: number, name: string) =>
      unit(net.averagePool(x, { name: `${name}_pool`, size: 3, strides: 1, padding: 'same' }), channels, 1);

    const input = net.input(shape);
    let x = unit(input, 32, 3, 2, 'valid');
    x = unit(unit(x, 32, 3, 1, 'valid'), 64, 3);
    x = pool3(x, 'max_pooling2d_1');
    x = unit(unit(x, 80, 1, 1, 'valid'), 192, 3, 1, 'valid');
    x = pool3(x, 'max_pooling2d_2');

    [32, 64, 64].forEach((poolChannels, index) => {
      const name = `mixed${index}`;
      const branches = [
        chain(x, [[64, 1]]),
        chain(x, [
          [48, 1],
          [64, 5],
        ]),
        chain(x, [
          [64, 1],
          [96, 3],
          [96, 3],
        ]),
        pooled(x, poolChannels, name),
      ];
      x = net.concatenate(branches, name);
    });

    x = net.concatenate(
      [
        chain(x, [[384, 3]], true),
        chain(
          x,
          [
            [64, 1],
            [96, 3],
            [96, 3],
          ],
          true,
        ),
        pool3(x, 'mixed3_pool'),
      ],
      'mixed3',
    );

    const row: Kernel = [1, 7];
    const column: Kernel = [7, 1];
    [128, 160, 160, 192].forEach((channels, index) => {
      const name = `mixed${index + 4}`;
      const branches = [
        chain(x, [[192, 1]]),
        chain(x, [
          [channels, 1],
          [channels, row],
          [192, column],
        ]),
        chain(x, [
          [channels, 1],
          [channels, column],
          [channels, row],
          [channels, column],
          [192, row],
        ]),
        pooled(x, 192, name),
      ];
      x = net.concatenate(branches, name);
    });

    x = net.concatenate(
      [
        chain(
          x,
          [
            [192, 1],
            [320, 3],
          ],
          true,
        ),
        chain(
          x,
          [
            [192, 1],
            [192, row],
            [192, column],
            [192, 3],
          ],
          true,
        ),
        pool3(x, 'mixed8_pool'),
      ],
      'mixed8',
    );

    for (let index = 0; index < 2; index++) {
      const branch1 = chain(x, [[320, 1]]);
      const stem3 = chain(x, [[384, 1]]);
      const branch3 = net.concatenate([unit(stem3, 384, [1, 3]), unit(stem3, 384, [3, 1])], `mixed9_${index}`);
      const stemDouble = chain(x, [
        [448, 1],
        [384, 3],
      ]);
      const double = net.concatenate(
        [unit(stemDouble, 384, [1, 3]), unit(stemDouble, 384, [3, 1])],
        `concatenate_${index}`,
      );
      x = net.concatenate([branch1, branch3, double, pooled(x, 192, `mixed${index + 9}`)], `mixed${index + 9}`);
    }
    x = net.dropout(net.globalAveragePool(x, 'avg_pool'), options.dropout, 'dropout');
    return net.model('inception-v3', input, net.dense(x, shape.classes, { name: 'predictions' }));
  },
});
