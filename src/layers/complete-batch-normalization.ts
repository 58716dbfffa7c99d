import { type LayersModel, type Tensor, tf } from '../base/tf.js';
import { fixedSize, onlyInput, onlyShape } from './tfjs-layer.js';

type Layer = LayersModel['layers'][number];

/**
 * Lets a batch normalization without scale or without offset train with tfjs, whose training pass reads both whether
 * they are there or not: where one is missing, a constant (1 or 0) stands in for it that is no weight of the layer.
 * Lets one of another axis than the last train too, for which tfjs has no gradient, by moving that axis to the end.
 * Any other layer is left as it is.
 */
export function completeBatchNormalization(layer: Layer): void {
  if (layer.getClassName() !== 'BatchNormalization') return;
  const config = layer.getConfig();
  moveAxisToEnd(layer);
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

function moveAxisToEnd(layer: Layer): void {
  const normalization = layer as Layer & { axis: number };
  const { axis } = normalization;
  if (axis === -1) return;
  const plain = layer.call.bind(layer);
  layer.call = (inputs, kwargs) => {
    const x = onlyInput(inputs);
    const place = axis < 0 ? x.rank + axis : axis;
    const last = x.rank - 1;
    if (place === last) return plain(inputs, kwargs);
    const order = [...x.shape.keys()].map((at) => (at === place ? last : at === last ? place : at));
    return tf.tidy(() => {
      normalization.axis = -1;
      try {
        return tf.transpose(plain(tf.transpose(x, order), kwargs) as Tensor, order);
      } finally {
        normalization.axis = axis;
      }
    });
  };
}
