import test from 'ava';
import { drawShapes } from '../../src/data/formats/shapes.js';
import { madeUp } from '../support/made-up-weights.js';
import { casesWithout, createSmooth } from '../support/network-cases.js';
import { bfloat16Distance, namedWeights } from '../support/precision.js';

/**
 * Images of a shard. Networks and weights are those of models-equal.test.ts, but not its 8 images of noise: normalizations of
 * a few values enlarge rounding, and there the gradients of deep networks move by over a hundredth when nothing but the
 * kernels is rounded.
 */
const count = 256;
/** Height and width of `shapes`, and of the images of networks that take them. */
const side = 32;
/** Of the deepest, nearer to what they are made for: 2 or 3 places a side are left for their last layers to normalize. */
const sizes: Readonly<Record<string, number>> = { 'inception-v3': 139, 'mobilenet-v2': 64, resnet50: 96 };
/**
 * The scale of normalizations that all others have. At 1 EfficientNet enlarges even float32's rounding to 2e-5
 * (fixtures/networks/float64.json), 350 units of it, and 350 of bfloat16's units (2^-8) are as long as the gradient
 * itself; at 0.8 layers fade, and most of the gradient is that of the last ones.
 */
const gains: Readonly<Record<string, number>> = { 'efficientnet-b0': 0.8 };

/** Pictures of `shapes`, their pixels repeated where a network wants more. */
async function shapes(size: number): Promise<Uint8Array> {
  const { pixels } = await drawShapes(0, 0, count);
  const enlarged = new Uint8Array(count * size * size * 3);
  for (let place = 0; place < count * size * size; place++) {
    const [row, column] = [Math.floor(place / size) % size, place % size].map((at) =>
      Math.floor((at * side) / size),
    ) as [number, number];
    const start = (Math.floor(place / size ** 2) * side ** 2 + row * side + column) * 3;
    enlarged.set(pixels.subarray(start, start + 3), 3 * place);
  }
  return enlarged;
}

// ResNet-18, GoogLeNet, MobileNet v1 and DenseNet-BC have the kinds of layers of those left out.
for (const network of casesWithout('resnet50', 'resnet50 torch', 'inception-v3', 'mobilenet-v2', 'densenet121')) {
  test.serial(`${network.title}, smooth: bfloat16 gives the gradient of float32 to a hundredth`, async (t) => {
    const size = sizes[network.name] ?? Math.max(network.size, side);
    const model = createSmooth({ ...network, size });
    const weights = namedWeights(model, (name, shape) => madeUp(name, shape, gains[network.name] ?? network.gain));
    const apart = await bfloat16Distance(model, weights, await shapes(size), count);
    model.dispose();
    // Not the same numbers, or bfloat16 was not used at all: a rounding to 8 bits is 2^-9 of a number.
    t.true(apart > 2 ** -12 && apart < 1e-2, `gradients differ by ${apart}`);
  });
}
