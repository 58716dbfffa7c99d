import { type LayersModel, tf } from '../base/tf.js';
import { fixedSize, onlyShape } from './tfjs-layer.js';

type Layer = LayersModel['layers'][number];

/**
 * Lets a batch normalization without scale or without offset train with tfjs, whose training pass reads both whether
 * they are there or not: where one is missing, a constant (1 or 0) stands in for it that is no weight of the layer.
 * Any other layer is left as it is.
 */
export function completeBatchNormalization(layer: Layer): void {
  if (layer.getClassName() !== 'BatchNormalization') return;
  const config = layer.getConfig();
  const standIns = [
    ...(config['scale'] === false ? [['gamma', tf.ones] as const] : []),
    ...(config['center'] === false ? [['beta', tf.zeros] as const] : []),
  ];
  if (standIns.length === 0) return;
  const axis = typeof config['axis'] === 'number' ? config['axis'] : -1;
  const build = layer.build.bind(layer);
  layer.build = (inputShape) => {
    build(inputShape);
    const size = fixedSize(onlyShape(inputShape), axis, layer.name);
    // `read` is called inside the layer's own tidy.
    for (const [weight, fill] of standIns) Object.assign(layer, { [weight]: { read: () => fill([size]) } });
  };
}
