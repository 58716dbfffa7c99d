import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { statsLength, targetForm, targetLength } from '../../src/contracts/index.js';
import {
  Arena,
  ArenaPlan,
  alignUp,
  createRunArena,
  elements,
  type LayoutOptions,
  planLayout,
  slotNames,
} from '../../src/memory/index.js';

test('sizes are rounded up to whole cache lines of 64 bytes', (t) => {
  t.deepEqual([0, 1, 63, 64, 65, 128].map(alignUp), [0, 64, 64, 64, 128, 128]);
});

/** Layouts drawn at random, to try properties on. */
function drawn(trial: number): LayoutOptions {
  const random = new RandomStream(11, 'test', trial);
  const parameters = Array.from({ length: 1 + random.below(12) }, (_, index) => {
    const trainable = random.below(3) > 0;
    return {
      name: `layer${index}/weight`,
      shape: Array.from({ length: random.below(4) }, () => 1 + random.below(7)),
      trainable,
      updatedByForward: !trainable && random.below(2) === 0,
    };
  });
  return {
    parameters,
    shards: 1 + random.below(4),
    slots: 1 + random.below(4),
    capacity: 1 + random.below(9),
    training: { slots: random.below(3), capacity: 1 + random.below(9) },
    imageBytes: 1 + random.below(100),
    target: targetForm(random.below(2) === 0 ? 'classes' : random.below(2) === 0 ? 'multi-label' : 'masks', {
      classes: 1 + random.below(11),
      image: { height: 1 + random.below(5), width: 1 + random.below(5) },
    }),
    outputLength: 1 + random.below(11),
    optimizerStates: ['momentum', 'variance'].slice(0, random.below(3)),
  };
}

test('every parameter has a place of its own, at a multiple of 64 bytes, inside its section', (t) => {
  for (let trial = 0; trial < 50; trial++) {
    const options = drawn(trial);
    const layout = planLayout(options);
    const { parameters, trainableLength, movingLength, frozenLength } = layout;
    t.deepEqual(
      parameters.map(({ name }) => name),
      options.parameters.map(({ name }) => name),
      'model order is kept',
    );
    for (const length of [trainableLength, movingLength, frozenLength]) t.is(length % 16, 0);
    const taken = new Set<number>();
    for (const { shape, offset, length, trainable, updatedByForward } of parameters) {
      t.is(offset % 16, 0);
      t.is(length, elements(shape));
      const begin = trainable ? 0 : updatedByForward ? trainableLength : trainableLength + movingLength;
      const end = trainable ? trainableLength : updatedByForward ? begin + movingLength : begin + frozenLength;
      t.true(offset >= begin && offset + length <= end, 'inside its section');
      for (let i = offset; i < offset + length; i++) {
        t.false(taken.has(i), 'nobody else is there');
        taken.add(i);
      }
    }
  }
});

test('slots of a run are aligned, do not overlap and hold what the run needs', (t) => {
  for (let trial = 0; trial < 20; trial++) {
    const layout = planLayout(drawn(trial));
    const arena = createRunArena(layout, { blocks: 1, floats: 100 });
    const { slots } = arena.handle;
    const bytes = { float32: 4, int32: 4, uint8: 1 };
    let end = 0;
    for (const { byteOffset, length, type } of slots) {
      t.is(byteOffset % 64, 0);
      t.true(byteOffset >= end, 'after the slot before');
      end = byteOffset + length * bytes[type];
    }
    t.true(end <= arena.buffer.byteLength);
    const { trainableLength, movingLength, frozenLength, imageBytes, outputLength, target } = layout;
    t.is(arena.slot(slotNames.weights).length, trainableLength + movingLength + frozenLength);
    for (let shard = 0; shard < layout.shards; shard++) {
      t.is(arena.slot(slotNames.gradients(shard)).length, trainableLength);
      t.is(arena.slot(slotNames.moving(shard)).length, movingLength);
    }
    for (const state of layout.optimizerStates) t.is(arena.slot(slotNames.optimizer(state)).length, trainableLength);
    t.is(arena.slot(slotNames.stats).length, layout.slots * layout.shards * statsLength);
    for (let slot = 0; slot < layout.slots; slot++) {
      const { capacity = 0 } = slot < (layout.training?.slots ?? 0) ? (layout.training ?? {}) : layout;
      t.is(arena.slot(slotNames.pixels(slot)).length, capacity * imageBytes);
      t.is(arena.slot(slotNames.targets(slot)).length, capacity * targetLength(target));
      t.is(arena.slot(slotNames.outputs(slot)).length, capacity * outputLength);
    }
    t.true(
      new Uint8Array(arena.buffer).every((value) => value === 0),
      'a new arena is all zeros',
    );
  }
});

test('an arena opened from its handle is the same memory', (t) => {
  const plan = new ArenaPlan();
  const slot = plan.add('numbers', 'float32', 10);
  const arena = plan.create();
  const other = Arena.open(arena.handle);
  arena.float32(slot, 3, 1)[0] = 1.5;
  t.is(other.float32(other.slot('numbers'))[3], 1.5);
  t.throws(() => arena.slot('letters'), { message: 'no slot letters in the arena' });
});

test('what does not fit 4 GiB is refused with its size and what to do', (t) => {
  const plan = new ArenaPlan();
  plan.add('large', 'uint8', 5 * 2 ** 30);
  t.throws(() => plan.create(), {
    code: 'CONVOY_MEMORY',
    message:
      'Expected at most 4096 MiB of shared memory but the model, its shards and batch slots need 5120 MiB; ' +
      'use fewer --shards, smaller images (--image-size), a smaller --batch-size or a narrower model',
  });
});
