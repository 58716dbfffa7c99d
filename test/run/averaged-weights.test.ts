import test from 'ava';
import { createRunArena, planLayout, slotNames } from '../../src/memory/index.js';
import { takeAveragedWeights, withAveragedWeights } from '../../src/run/averaged-weights.js';

const parameter = (name: string, trainable: boolean) => ({
  name,
  shape: [2],
  trainable,
  updatedByForward: !trainable,
  decay: trainable,
});

/** A kernel of [1, 2] whose average is [5, 6], and a moving mean of [3, 4], which no step of an optimizer moves. */
function memory() {
  const layout = planLayout({
    parameters: [parameter('conv/kernel', true), parameter('bn/moving_mean', false)],
    shards: 1,
    slots: 1,
    capacity: 1,
    imageBytes: 1,
    target: { type: 'int32', shape: [] },
    outputLength: 2,
    optimizerStates: ['ema'],
  });
  const arena = createRunArena(layout, { blocks: 1, floats: 64 });
  const [kernel, mean] = layout.parameters.map(({ offset, length }) =>
    arena.float32(arena.slot(slotNames.weights), offset, length),
  ) as [Float32Array, Float32Array];
  kernel.set([1, 2]);
  mean.set([3, 4]);
  arena.float32(arena.slot(slotNames.optimizer('ema')), 0, 2).set([5, 6]);
  return { arena, layout, kernel, mean };
}

// Keras 3 `optimizer.finalize_variable_values(model.trainable_variables)`: moving statistics are not averaged once more.
test('what is evaluated is the average of trained weights, with the moving statistics of batch normalization as they are', async (t) => {
  const run = memory();
  await withAveragedWeights(run, async () =>
    t.deepEqual(
      [[...run.kernel], [...run.mean]],
      [
        [5, 6],
        [3, 4],
      ],
    ),
  );
  t.deepEqual(
    [[...run.kernel], [...run.mean]],
    [
      [1, 2],
      [3, 4],
    ],
    'as before',
  );
  takeAveragedWeights(run);
  t.deepEqual(
    [[...run.kernel], [...run.mean]],
    [
      [5, 6],
      [3, 4],
    ],
    'what is exported',
  );
});
