import { cast, elementsPerSample, matMul, reshape } from '../../ops/index.js';
import { kept, only, weightArguments } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
import { finish, finishArguments } from '../windows.js';

/** Over the last axis, whatever comes before it. */
defineLayer({
  className: 'Dense',
  arguments: {
    ...finishArguments,
    ...weightArguments('kernel'),
    units: kept,
    lora_rank: only(null),
    quantization_config: only(null),
  },
  lower: single((scope, x) => {
    const { graph } = scope;
    const features = x.shape.at(-1) as number;
    const rows = reshape(graph, scope.compute(x), [-1, features]);
    // Rounded when it is needed: at the start of the step, when it could be, it would leave the caches again until then.
    const kernel = cast(graph, scope.weight('kernel'), scope.computeType, [rows.node]);
    const product = matMul(graph, rows, kernel);
    const units = product.shape[1] as number;
    return finish(scope, reshape(graph, product, [...x.shape.slice(0, -1), units]));
  }),
});

defineLayer({
  className: 'Flatten',
  arguments: { data_format: only('channels_last') },
  /** What is a vector stays one; tfjs's refuses it. */
  convert({ config, inputShape }) {
    const isVector = Array.isArray(inputShape) && inputShape.length === 2;
    return isVector
      ? { className: 'Identity', config: { name: config['name'], trainable: config['trainable'] } }
      : { className: 'Flatten', config };
  },
  lower: single(({ graph, settings }, x) => {
    if (settings.string('dataFormat', 'channelsLast') === 'channelsFirst' && x.shape.length === 4) {
      throw new RangeError('Flatten of channels first');
    }
    return reshape(graph, x, [-1, elementsPerSample(x.shape)]);
  }),
});
