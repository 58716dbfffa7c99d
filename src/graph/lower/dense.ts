import { cast, elementsPerSample, matMul, reshape } from '../../ops/index.js';
import { finish } from './convolution.js';
import { type LoweringTable, single } from './scope.js';

/** Dense layers: over the last axis, whatever comes before it. */
export const denseLowerings: LoweringTable = {
  Dense: single((scope, x) => {
    const { graph } = scope;
    const features = x.shape.at(-1) as number;
    const rows = reshape(graph, scope.compute(x), [-1, features]);
    // Rounded when it is needed: at the start of the step, when it could be, it would leave the caches again until then.
    const kernel = cast(graph, scope.weight('kernel'), scope.computeType, [rows.node]);
    const product = matMul(graph, rows, kernel);
    const units = product.shape[1] as number;
    return finish(scope, reshape(graph, product, [...x.shape.slice(0, -1), units]));
  }),
  Flatten: single(({ graph, config }, x) => {
    if (config.string('dataFormat', 'channelsLast') === 'channelsFirst' && x.shape.length === 4) {
      throw new RangeError('Flatten of channels first');
    }
    return reshape(graph, x, [-1, elementsPerSample(x.shape)]);
  }),
};
