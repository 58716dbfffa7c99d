import test from 'ava';
import { createModel, initialWeights, modelParameters } from '../../src/models/index.js';

/** Values of a weight of a network with few, narrow layers. */
function valuesOf(
  network: string,
  options: object,
  name: string,
): { readonly values: Float32Array; readonly shape: readonly number[] } {
  const model = createModel(network, { height: 32, width: 32, channels: 3, classes: 200, ...options });
  const parameters = modelParameters(model);
  const index = parameters.findIndex(({ spec }) => spec.name === name);
  const values = initialWeights(model, 3)[index];
  const shape = parameters[index]?.spec.shape;
  model.dispose();
  if (values === undefined || shape === undefined)
    throw new Error(`no ${name} in ${parameters.map(({ spec }) => spec.name).join(', ')}`);
  return { values, shape };
}

function deviation(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

interface Source {
  readonly network: string;
  readonly options?: object;
  readonly kernel: string;
  /** Bounds of uniform distributions, of kernel and bias, by the kernel's numbers of inputs and outputs; or a normal deviation. */
  readonly kernelBound?: (inputs: number, outputs: number) => number;
  readonly kernelDeviation?: number;
  readonly biasBound?: (inputs: number) => number;
}

const linear = (inputs: number): number => 1 / Math.sqrt(inputs);
const narrow = { widthFactor: 0.25 };

/** As torchvision's `_initialize_weights` and PyTorch's `nn.Linear.reset_parameters`, or Keras Applications, have them. */
const sources: readonly Source[] = [
  { network: 'resnet18', options: narrow, kernel: 'fc', kernelBound: linear, biasBound: linear },
  {
    network: 'resnet50',
    options: { ...narrow, variant: 'torch' },
    kernel: 'fc',
    kernelBound: linear,
    biasBound: linear,
  },
  {
    network: 'resnet50',
    options: narrow,
    kernel: 'predictions',
    kernelBound: (inputs, outputs) => Math.sqrt(6 / (inputs + outputs)),
  },
  { network: 'vgg11', options: { ...narrow, hidden: 400 }, kernel: 'fc1', kernelDeviation: 0.01 },
  { network: 'vgg11', options: { ...narrow, hidden: 400 }, kernel: 'predictions', kernelDeviation: 0.01 },
  { network: 'googlenet', options: narrow, kernel: 'fc', kernelDeviation: 0.01 },
  { network: 'densenet-bc', options: { depth: 22 }, kernel: 'predictions', kernelBound: linear },
  {
    network: 'alexnet',
    options: { ...narrow, hidden: 400, height: 64, width: 64 },
    kernel: 'classifier.6',
    kernelBound: linear,
    biasBound: linear,
  },
  {
    network: 'mobilenet-v2',
    options: narrow,
    kernel: 'predictions',
    kernelBound: (inputs, outputs) => Math.sqrt(6 / (inputs + outputs)),
  },
];

for (const { network, options = {}, kernel, kernelBound, kernelDeviation, biasBound } of sources) {
  test(`${network} ${JSON.stringify(options)}: ${kernel} begins as in its source`, (t) => {
    const { values, shape } = valuesOf(network, options, `${kernel}/kernel`);
    const bias = valuesOf(network, options, `${kernel}/bias`).values;
    const [inputs, outputs] = shape as readonly [number, number];
    t.true(values.length > 5000, `${values.length} values: the deviation's standard error is below 1%`);
    const bound = kernelBound?.(inputs, outputs) ?? Number.POSITIVE_INFINITY;
    const expected = kernelDeviation ?? bound / Math.sqrt(3);
    t.true(Math.abs(deviation(values) / expected - 1) < 0.04, `${deviation(values)} and ${expected}`);
    t.true(largest(values) <= bound);
    // A normal distribution reaches beyond three deviations in thousands of values.
    if (kernelDeviation !== undefined) t.true(largest(values) > 3 * kernelDeviation);
    if (biasBound === undefined) t.true(bias.every((value) => value === 0));
    else t.true(largest(bias) <= biasBound(inputs) && largest(bias) > 0.9 * biasBound(inputs));
  });
}

test('an initialiser that is asked for is that of all kernels', (t) => {
  const { values, shape } = valuesOf('resnet18', { ...narrow, initializer: 'heUniform' }, 'fc/kernel');
  const bound = Math.sqrt(6 / (shape[0] as number));
  t.true(largest(values) <= bound && largest(values) > 0.99 * bound);
});
