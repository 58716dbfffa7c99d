/** A thread that does slices, for the tests of the all-reduce. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSlice, type SliceTask } from '../../src/coordinator/all-reduce.js';
import { openStepKernel, type StepDescription } from '../../src/optimizers/index.js';

const { description, memory, scratch } = workerData as {
  description: StepDescription;
  memory: WebAssembly.Memory;
  scratch: number;
};
const kernel = openStepKernel(description, memory, scratch);
parentPort?.on('message', (task: SliceTask) => parentPort?.postMessage(runSlice(kernel, task)));
