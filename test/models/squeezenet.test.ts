import test from 'ava';
import { createModel, modelParameters } from '../../src/models/index.js';

test('SqueezeNet has the parameters and the sizes of torchvision.models.squeezenet1_1', (t) => {
  const model = createModel('squeezenet', { height: 224, width: 224, channels: 3, classes: 1000 });
  const specs = modelParameters(model).map(({ spec }) => spec);
  // torchvision documents 1,235,496 parameters.
  t.is(
    specs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
    1_235_496,
  );
  const kernel = specs.find(({ name }) => name === 'features.9.expand3x3/kernel');
  t.deepEqual(kernel?.shape, [3, 3, 48, 192]);
  // At 224 pixels: 111 after the first convolution, then 55, 27 and 13 by poolings that round up where windows hang over,
  // which at these sizes none does.
  const side = (layer: string) => model.getLayer(layer).outputShape;
  t.deepEqual(side('features.2'), [null, 55, 55, 64]);
  t.deepEqual(side('features.5'), [null, 27, 27, 128]);
  t.deepEqual(side('features.12'), [null, 13, 13, 512]);
  model.dispose();
});
