/** Entry of a piscina thread of the augmentation stage. TensorFlow is loaded for JPEG photographs only. */
import { workerData } from 'node:worker_threads';
import { flattenError } from '../../src/base/errors.js';
import type { StageReply, StageSetup, StageTask } from './messages.js';
import { Renderer } from './renderer.js';

const setup: StageSetup = workerData;
const renderer = new Renderer(setup);

/** Carries out one task; errors that belong to the data come back as a reply, anything else ends the thread's task. */
export default async function work(task: StageTask): Promise<StageReply> {
  try {
    if (task.kind === 'scan') return { kind: 'scanned', bad: await renderer.scan(task.samples) };
    const started = performance.now();
    await renderer.render(task.epoch, task.window, task.samples, task);
    return { kind: 'rendered', seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    return { kind: 'failed', error: flattenError(error) };
  }
}
