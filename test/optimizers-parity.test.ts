import { readFile } from 'node:fs/promises';
import test from 'ava';
import { createOptimizer, type OptimizerSpec } from '../src/optimizers/index.js';

/** Steps of PyTorch's and Keras's own optimizers on two parameters, and what came out. */
interface Fixture {
  readonly parameters: readonly (readonly unknown[])[];
  readonly gradients: readonly (readonly (readonly unknown[])[])[];
  readonly pytorch: Readonly<Record<string, Case>>;
  readonly keras: Readonly<Record<string, Case>>;
}
interface Case {
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly after_step_1: readonly (readonly unknown[])[];
  readonly after_last_step: readonly (readonly unknown[])[];
}

/** Names of PyTorch's and Keras's options in convoy. */
const names: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  learning_rate: 'learningRate',
  weight_decay: 'weightDecay',
  lr_decay: 'learningRateDecay',
  initial_accumulator_value: 'initialAccumulator',
};

const fixture = async (): Promise<Fixture> =>
  JSON.parse(await readFile('test/fixtures/parity/optimizers.json', 'utf8')) as Fixture;

/** Walks a nested array of numbers. */
const flat = (nested: readonly unknown[]): number[] => nested.flat(Infinity).map(Number);

function steps({ parameters, gradients }: Fixture, spec: OptimizerSpec): number[][] {
  let offset = 0;
  const places = parameters.map((parameter, index) => {
    const length = flat(parameter).length;
    const place = { name: `layer${index}/kernel`, shape: [length], offset, length };
    offset += Math.ceil(length / 16) * 16;
    return place;
  });
  const length = offset;
  const optimizer = createOptimizer(spec, places);
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const region = (index: number): Float32Array => new Float32Array(memory.buffer, index * 4096, length);
  const states = optimizer.stateNames.map((_, index) => region(index + 3));
  places.forEach((place, index) => region(0).set(flat(parameters[index] ?? []), place.offset));
  optimizer.initialize(states, region(0));
  const kernel = optimizer.bind(memory, {
    weights: 0,
    gradients: [4096],
    states: states.map((state) => state.byteOffset),
    scratch: 131_072,
    length,
  });
  return gradients.map((gradient, step) => {
    places.forEach((place, index) => region(1).set(flat(gradient[index] ?? []), place.offset));
    kernel.run({ step: step + 1, learningRate: optimizer.learningRate, coefficients: [1] });
    return places.flatMap((place) => [...region(0).slice(place.offset, place.offset + place.length)]);
  });
}

for (const style of ['pytorch', 'keras'] as const) {
  test(`every case of ${style} holds after the first and after the last step`, async (t) => {
    const reference = await fixture();
    const cases = Object.entries(reference[style]);
    t.true(cases.length > 0);
    for (const [title, { optimizer, options, after_step_1, after_last_step }] of cases) {
      const spec = {
        name: optimizer.toLowerCase(),
        style,
        ...Object.fromEntries(Object.entries(options).map(([name, value]) => [names[name] ?? name, value])),
      } as OptimizerSpec;
      const trajectory = steps(reference, spec);
      const pairs: [readonly number[] | undefined, readonly (readonly unknown[])[]][] = [
        [trajectory[0], after_step_1],
        [trajectory.at(-1), after_last_step],
      ];
      for (const [mine, theirs] of pairs) {
        flat(theirs).forEach((expected, index) => {
          const difference = Math.abs((mine?.[index] ?? NaN) - expected);
          t.true(difference <= 1e-5 * Math.abs(expected), `${title}[${index}] off by ${difference}`);
        });
      }
    }
  });
}
