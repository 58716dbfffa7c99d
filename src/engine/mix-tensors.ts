import { type Tensor, type Tensor1D, tf } from '../base/tf.js';
import { mixPlaces } from '../contracts/index.js';
import type { SampleLosses } from '../losses/index.js';

/** Every image mixed with its mirror image in the batch [batch, height, width, channels]; the caller owns the result. */
export function mixImages(images: Tensor, mix: readonly number[]): Tensor {
  const place = (name: keyof typeof mixPlaces): number => mix[mixPlaces[name]] ?? 0;
  return tf.tidy(() => {
    const [, height, width] = images.shape as [number, number, number, number];
    const own = tf.buffer([height, width, 1]);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const inside =
          row >= place('top') && row < place('bottom') && column >= place('left') && column < place('right');
        own.set(place(inside ? 'inside' : 'outside'), row, column, 0);
      }
    }
    const partner = tf.reverse(images, 0);
    return partner.add(own.toTensor().mul(images.sub(partner)));
  });
}

/** Losses and weights of mixed samples, each between those for its own target and for its partner's. */
export function mixLosses(own: SampleLosses, partner: SampleLosses, mix: readonly number[]): SampleLosses {
  return tf.tidy(() => {
    const share = mix[mixPlaces.share] ?? 1;
    const blend = (a: Tensor, b: Tensor): Tensor => a.mul(share).add(b.mul(1 - share));
    // As numbers: weights have no gradient, though tfjs's tape would look for one.
    const weights = tf.tensor1d(blend(own.weights, partner.weights).dataSync());
    const total = blend(own.losses.mul(own.weights), partner.losses.mul(partner.weights));
    const divisors = weights.add(weights.equal(0).cast('float32')); // weights of 0 have loss 0, not 0/0
    return { losses: total.div(divisors) as Tensor1D, weights };
  });
}
