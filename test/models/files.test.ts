import test from 'ava';
import { compileModel, unsupportedLayers } from '../../src/graph/index.js';
import { initialWeights, loadArchitecture, modelParameters, networks } from '../../src/models/index.js';
import { stepSpec } from '../support/engine-run.js';
import { taskOf, usualSide } from '../support/network-tasks.js';

function bytes(values: Float32Array | undefined): Uint8Array {
  return new Uint8Array(values?.buffer ?? new ArrayBuffer(0));
}

for (const network of networks.filter(({ name }) => name !== 'custom')) {
  test(`${network.name} compiles at its smallest input, and its file form is the same network`, (t) => {
    const size = usualSide(network);
    const takes = (option: string): boolean => network.options.some(({ name }) => name === option);
    const narrow = { ...(takes('widthFactor') && { widthFactor: 0.25 }), ...(takes('filters') && { filters: 8 }) };
    const model = network.create({ height: size, width: size, channels: 3, classes: 5, ...narrow });
    t.deepEqual(unsupportedLayers(model), []);
    const spec = stepSpec(model, taskOf(network, 5));
    const compiled = compileModel(model, spec);
    const again = loadArchitecture(JSON.parse(String(model.toJSON())));
    t.deepEqual(
      modelParameters(again).map((parameter) => parameter.spec),
      modelParameters(model).map((parameter) => parameter.spec),
    );
    const initial = initialWeights(model, 3);
    // Same initialisers: the same bits from the same seed. Same computation: the same graph.
    t.true(
      initialWeights(again, 3).every((values, index) => Buffer.compare(bytes(values), bytes(initial[index])) === 0),
    );
    t.is(compileModel(again, spec).key, compiled.key);
    model.dispose();
    again.dispose();
  });
}
