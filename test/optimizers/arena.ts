/** A small arena with an optimizer over it, for tests. */
import { type Arena, ArenaPlan } from '../../src/memory/index.js';
import {
  blockFloats,
  createOptimizer,
  type Optimizer,
  type OptimizerSpec,
  type ParameterPlace,
  type StepKernel,
  type StepRegions,
} from '../../src/optimizers/index.js';

export interface OptimizerArena {
  readonly arena: Arena;
  readonly optimizer: Optimizer;
  readonly places: readonly ParameterPlace[];
  readonly regions: StepRegions;
  readonly kernel: StepKernel;
  readonly weights: Float32Array;
  readonly gradients: readonly Float32Array[];
  readonly states: ReadonlyMap<string, Float32Array>;
  readonly reduced: Float32Array;
  /** Values of parameters, one behind the other without padding, copied out of a region. */
  read(region: Float32Array): number[];
  /** Writes such values into a region. */
  write(region: Float32Array, values: readonly number[]): void;
}

/** Lays out parameters, given by name with their first values, and opens the optimizer over them. */
export function openOptimizer(
  spec: OptimizerSpec,
  parameters: Readonly<Record<string, readonly number[]>>,
  options: { shards?: number; scratches?: number } = {},
): OptimizerArena {
  const { shards = 1, scratches = 1 } = options;
  let length = 0;
  const places = Object.entries(parameters).map(([name, values]) => {
    const place = { name, shape: [values.length], offset: length, length: values.length };
    length += Math.ceil(values.length / 16) * 16;
    return place;
  });
  const optimizer = createOptimizer(spec, places);
  const plan = new ArenaPlan();
  const add = (name: string, floats = length): number => plan.add(name, 'float32', floats).byteOffset;
  const regions: StepRegions = {
    weights: add('weights'),
    gradients: Array.from({ length: shards }, (_, shard) => add(`gradients${shard}`)),
    reduced: add('reduced'),
    states: optimizer.stateNames.map((name) => add(name)),
    scratch: add('scratch', blockFloats * scratches),
    length,
  };
  const arena = plan.create();
  const region = (offset: number): Float32Array => new Float32Array(arena.buffer, offset, length);
  const write: OptimizerArena['write'] = (target, values) => {
    let begin = 0;
    for (const place of places) {
      target.set(values.slice(begin, begin + place.length), place.offset);
      begin += place.length;
    }
  };
  const weights = region(regions.weights);
  write(weights, Object.values(parameters).flat());
  const states = regions.states.map(region);
  optimizer.initialize(states, weights);
  return {
    arena,
    optimizer,
    places,
    regions,
    kernel: optimizer.bind(arena.memory, regions),
    weights,
    gradients: regions.gradients.map(region),
    states: new Map(optimizer.stateNames.map((name, index) => [name, states[index] ?? new Float32Array()])),
    reduced: region(regions.reduced ?? 0),
    read: (source) => places.flatMap(({ offset, length: count }) => [...source.subarray(offset, offset + count)]),
    write,
  };
}
