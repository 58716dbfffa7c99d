import test from 'ava';
import { objectsOf } from '../../src/contracts/index.js';
import { openDataset } from '../../src/data/index.js';
import { drawShapeScene } from '../../src/data/scenes/index.js';

test('scenes opened for detection have the boxes of their objects, and no class for the ground', async (t) => {
  const opened = await openDataset({ name: 'shapes-scenes', seed: 0, task: 'detection', limit: 4, testLimit: 2 });
  for (const [part, dataset] of [opened.train, opened.test].entries()) {
    const { targets, classes, count } = dataset;
    if (targets.kind !== 'boxes') return t.fail();
    t.is(classes.length, 10);
    t.false(classes.includes('ground'));
    for (let index = 0; index < count; index++) {
      const scene = drawShapeScene(0, part, index);
      t.deepEqual(
        objectsOf(targets, index),
        Array.from(scene.classes, (label, object) => {
          const [left = 0, top = 0, right = 0, bottom = 0] = scene.boxes.subarray(4 * object, 4 * object + 4);
          return { box: [left, top, right, bottom] as const, label, ignored: false };
        }),
      );
    }
  }
});
