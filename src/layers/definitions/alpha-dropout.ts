import { tf } from '../../base/tf.js';
import { binary, negate, scale, shift } from '../../ops/index.js';
import { kept, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { atRate, drawAtRate, keepMask } from '../drop.js';

/** Constants of self-normalizing networks (Klambauer et al. 2017), as tf.layers.alphaDropout has them. */
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** What takes the place of a dropped element. */
const dropped = -seluAlpha * seluScale;

/** y = a x + b gives what is left the mean and variance that SELU's output had. */
function correction(rate: number): { readonly a: number; readonly b: number } {
  const a = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
  return { a, b: -a * dropped * rate };
}

/** Keeps mean and variance of what SELU gives (Klambauer et al. 2017). */
defineLayer({
  className: 'AlphaDropout',
  arguments: { rate: kept, seed: meaningless, noise_shape: only(null) },
  callDefaults: { training: false },
  lower: atRate((scope, x, rate) => {
    const { graph } = scope;
    const keep = keepMask(scope, x.shape, rate, x.type);
    const { a, b } = correction(rate);
    const lost = scale(graph, shift(graph, negate(graph, keep), 1), dropped);
    const mixed = binary(graph, 'AddV2', binary(graph, 'Mul', x, keep), lost);
    return shift(graph, scale(graph, mixed, a), b);
  }),
  draw: drawAtRate((x, random, place, rate) => {
    const mask = random.keepMask(x.shape, rate, place);
    const { a, b } = correction(rate);
    const mixed = tf.add(tf.mul(x, mask), tf.mul(tf.sub(1, mask), dropped));
    return tf.add(tf.mul(mixed, a), b);
  }),
});
