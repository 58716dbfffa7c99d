import test, { type ExecutionContext } from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { blockFloats, createOptimizer, type OptimizerSpec, optimizers } from '../../src/optimizers/index.js';
import { openOptimizer } from './arena.js';

function near(t: ExecutionContext, found: readonly number[], expected: readonly number[], tolerance = 1e-6): void {
  t.is(found.length, expected.length);
  expected.forEach((value, index) => {
    t.true(Math.abs((found[index] ?? NaN) - value) <= tolerance, `[${index}] is ${found[index]}, not ${value}`);
  });
}

/** Takes steps with the same gradient each; gives the parameters after each. */
function steps(
  spec: OptimizerSpec,
  parameters: Readonly<Record<string, readonly number[]>>,
  gradient: readonly number[],
  count: number,
): number[][] {
  const { kernel, optimizer, weights, gradients, read, write } = openOptimizer(spec, parameters);
  return Array.from({ length: count }, (_, index) => {
    write(gradients[0] ?? new Float32Array(), gradient);
    kernel.run({ step: index + 1, learningRate: optimizer.learningRate, coefficients: [1] });
    return read(weights);
  });
}

// Every definition brings options with which it arrives in 600 steps.
const descents = optimizers.flatMap(({ examples }) => examples) as readonly OptimizerSpec[];
for (const spec of descents) {
  const { name, ...options } = spec;
  test(`reaches the minimum of a parabola: ${name} ${JSON.stringify(options)}`, (t) => {
    const target = [1, -1, 2, 0.5];
    const { kernel, optimizer, weights, gradients, read, write } = openOptimizer(spec, {
      'a/kernel': [-1, 3],
      'b/kernel': [0.5, -2],
    });
    for (let step = 1; step <= 600; step++) {
      const slope = read(weights).map((value, index) => 2 * (value - (target[index] ?? 0)));
      write(gradients[0] ?? new Float32Array(), slope);
      kernel.run({ step, learningRate: optimizer.learningRate, coefficients: [1] });
    }
    near(t, read(weights), target, 0.03);
  });
}

test('LARS by hand: local rate 0.1 * 5 / (1 + 0.1 * 5) = 1/3, then momentum over the scaled steps', (t) => {
  const spec: OptimizerSpec = {
    name: 'lars',
    learningRate: 0.5,
    momentum: 0.9,
    weightDecay: 0.1,
    trustCoefficient: 0.1,
  };
  // |w| = 5, |g| = 1: v = 0.5 / 3 * ([0.6, 0.8] + 0.1 [3, 4]) = [0.15, 0.2]. Then |w| = 4.75:
  // v = 0.9 [0.15, 0.2] + 0.5 * 0.475 / 1.475 * [0.885, 1.18] = [0.2775, 0.37].
  const [first = [], second = []] = steps(spec, { 'a/kernel': [3, 4] }, [0.6, 0.8], 2);
  near(t, first, [2.85, 3.8]);
  near(t, second, [2.5725, 3.43]);
});

test('LAMB by hand: weight decay joins the update before its norm, and each parameter has its own ratio', (t) => {
  const spec: OptimizerSpec = { name: 'lamb', learningRate: 0.01, weightDecay: 0.1 };
  const parameters = { 'a/kernel': [3, 4], 'b/kernel': [0, 0], 'c/bias': [0.5] };
  const [found = []] = steps(spec, parameters, [2, 0.5, 1, -1, 4], 1);
  // Adam's first update is the gradient's sign. a: u = [1.3, 1.4], ratio 5 / |u|; b: zero weights have ratio 1;
  // c: u = 1.05, ratio 0.5 / 1.05.
  const ratio = 5 / Math.hypot(1.3, 1.4);
  near(t, found, [3 - 0.01 * ratio * 1.3, 4 - 0.01 * ratio * 1.4, -0.01, 0.01, 0.5 - 0.005], 1e-5);
});

test('adaptBiasAndNorm: false takes the trust ratio from biases and norms alone', (t) => {
  const parameters = { 'a/kernel': [4], 'a/bias': [0.5], 'n/gamma': [2] };
  const [found = []] = steps({ name: 'lamb', learningRate: 0.1, adaptBiasAndNorm: false }, parameters, [1, 1, 1], 1);
  near(t, found, [4 - 0.1 * 4, 0.5 - 0.1, 2 - 0.1], 1e-5);
});

test('Lookahead by hand: every second step the slow weights come half the way and take over', (t) => {
  const spec: OptimizerSpec = { name: 'sgd', learningRate: 1, lookahead: { steps: 2, alpha: 0.5 } };
  t.deepEqual(steps(spec, { 'a/kernel': [0] }, [1], 4), [[-1], [-1], [-2], [-2]]);
});

test('Lookahead comes before the moving average, which sees the weights that training goes on from', (t) => {
  const { kernel, gradients, states } = openOptimizer(
    { name: 'sgd', lookahead: { steps: 2, alpha: 0.5 }, ema: { decay: 0.5, ramp: false } },
    { 'a/kernel': [0] },
  );
  const averages = [1, 2, 3].map((step) => {
    gradients[0]?.fill(1, 0, 1);
    kernel.run({ step, learningRate: 1, coefficients: [1] });
    return states.get('ema')?.[0];
  });
  t.deepEqual(averages, [-1, -1, -1.5]); // of weights -1, -1, -2
});

test('groups: the first that matches holds; decayBiasAndNorm: false spares biases, gammas and betas', (t) => {
  const spec: OptimizerSpec = {
    name: 'adamw',
    learningRate: 0.1,
    weightDecay: 0.5,
    decayBiasAndNorm: false,
    groups: [
      { match: '^head/', learningRateScale: 10 },
      { match: 'kernel', weightDecay: 0.25 },
      { match: '^frozen/', freeze: true },
    ],
  };
  const parameters = {
    'head/kernel': [1],
    'base/kernel': [1],
    'base/bias': [1],
    'norm/gamma': [1],
    'norm/beta': [1],
    'base/depthwise': [1],
    'frozen/scale': [1],
  };
  // No gradient: AdamW moves by its decay alone, w (1 - learningRate * weightDecay).
  const [found = []] = steps(spec, parameters, [0, 0, 0, 0, 0, 0, 0], 1);
  near(t, found, [1 - 1 * 0.5, 1 - 0.1 * 0.25, 1, 1, 1, 1 - 0.1 * 0.5, 1]);
});

test('groups may name all biases or all norms', (t) => {
  const groups = [
    { match: 'bias', learningRateScale: 2 },
    { match: 'norm', freeze: true },
  ];
  const parameters = { 'a/kernel': [0], 'a/bias': [0], 'n/gamma': [0], 'n/beta': [0], 'biased/kernel': [0] };
  t.deepEqual(steps({ name: 'sgd', learningRate: 1, groups }, parameters, [1, 1, 1, 1, 1], 1), [[-1, -2, 0, 0, -1]]);
});

test('the gradient norm is that of moved parameters, before clipping', (t) => {
  const { kernel, gradients, weights, read, write } = openOptimizer(
    { name: 'sgd', clipNorm: 1, groups: [{ match: '^b', freeze: true }] },
    { 'a/kernel': [0, 0], 'b/kernel': [0] },
  );
  write(gradients[0] ?? new Float32Array(), [3, 4, 100]);
  t.is(kernel.run({ step: 1, learningRate: 1, coefficients: [1] }).gradientNorm, 5);
  near(t, read(weights), [-3 / 5, -4 / 5, 0]);
});

test('padding between parameters stays zero, in weights and states', (t) => {
  for (const spec of descents) {
    const opened = openOptimizer({ ...spec, ema: {} }, { 'a/kernel': [1, 2, 3], 'b/kernel': [4] });
    opened.write(opened.gradients[0] ?? new Float32Array(), [1, 1, 1, 1]);
    for (const step of [1, 2]) opened.kernel.run({ step, learningRate: 0.1, coefficients: [1] });
    const padding = [...opened.weights.subarray(3, 16), ...opened.weights.subarray(17)];
    t.true(
      padding.every((value) => value === 0),
      spec.name,
    );
    for (const [name, state] of opened.states) t.true(state.every(Number.isFinite), `${spec.name} ${name}`);
  }
});

test('states copied with the weights into another arena go on to the same bits', (t) => {
  for (const spec of [...descents, { name: 'adamw', ema: {}, lookahead: {} }] satisfies OptimizerSpec[]) {
    const open = () => openOptimizer(spec, { 'a/kernel': [1, -2, 3], 'b/bias': [0.5] });
    const whole = open();
    let resumed = open();
    for (let step = 1; step <= 12; step++) {
      if (step === 7) {
        const next = open();
        next.weights.set(resumed.weights);
        for (const [name, state] of resumed.states) next.states.get(name)?.set(state);
        resumed = next;
      }
      for (const { kernel, gradients, write } of [whole, resumed]) {
        write(gradients[0] ?? new Float32Array(), [Math.sin(step), 0.1, -Math.cos(step), 1]);
        kernel.run({ step, learningRate: 0.01, coefficients: [1] });
      }
    }
    t.deepEqual(resumed.weights, whole.weights, spec.name);
  }
});

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

test('any cut into slices of blocks gives the bits of one sweep', (t) => {
  for (const spec of descents) {
    const wide = Array.from({ length: 2 * blockFloats + 100 }, (_, index) => Math.sin(index));
    const open = () => openOptimizer(spec, { 'a/kernel': wide, 'b/bias': [0.5, -1] });
    const [whole, sliced] = [open(), open()];
    for (const step of [1, 2]) {
      const args = { step, learningRate: 0.01, coefficients: [1] };
      for (const { gradients } of [whole, sliced]) {
        gradients[0]?.forEach((_, index, gradient) => (gradient[index] = Math.cos(index * step)));
      }
      whole.kernel.run(args);
      const norms: (readonly number[])[] = [];
      for (let pass = 0; pass < sliced.kernel.passes; pass++) {
        const slices = sliced.kernel.slices(3);
        t.is(slices.length, 3);
        // The last first: slices do not depend on each other.
        const results = slices.toReversed().map((slice) => sliced.kernel.pass(pass, slice, { ...args, norms }));
        norms.push(
          sliced.kernel.norms(
            pass,
            results.toReversed().flatMap(({ sums }) => sums),
          ),
        );
      }
    }
    t.true(bytesOf(sliced.weights).equals(bytesOf(whole.weights)), JSON.stringify(spec));
  }
});

test('every optimizer says what it is, where it comes from and what its options do', (t) => {
  for (const { name, title, source, options, examples } of optimizers) {
    t.true(title.length > 0 && source.length > 0 && examples.length > 0, name);
    for (const { description } of options) t.true(description.length > 0, name);
  }
});

const wrong: readonly (readonly [string, object, RegExp])[] = [
  ['an unknown optimizer', { name: 'adamm' }, /optimizer/],
  ['an option of another optimizer', { name: 'sgd', betas: [0.9, 0.99] }, /betas.*optimizer/],
  ['a beta of 1', { name: 'adam', betas: [0.9, 1] }, /optimizer\.betas\.1/],
  ['an epsilon of zero', { name: 'adam', epsilon: 0 }, /optimizer\.epsilon/],
  ['Nesterov without momentum', { name: 'sgd', nesterov: true }, /optimizer\.nesterov needs momentum/],
  ['a negative rate', { name: 'sgd', learningRate: -1 }, /optimizer\.learningRate/],
  ['an unknown key of a group', { name: 'sgd', groups: [{ match: 'bias', lr: 1 }] }, /lr.*optimizer\.groups\.0/],
  [
    'a group that matches nothing',
    { name: 'sgd', groups: [{ match: '^head/' }] },
    /such as a\/kernel for optimizer\.groups\.0\.match/,
  ],
  [
    'a broken expression',
    { name: 'sgd', groups: [{ match: '(' }] },
    /regular expression for optimizer\.groups\.0\.match/,
  ],
];
for (const [title, spec, message] of wrong) {
  test(`${title} is an error that names it`, (t) => {
    const parameters = [{ name: 'a/kernel', shape: [1], offset: 0, length: 1 }];
    const make = () => createOptimizer(spec as OptimizerSpec, parameters);
    t.is(t.throws(make, { instanceOf: ConvoyError, message })?.code, 'CONVOY_OPTION');
  });
}
