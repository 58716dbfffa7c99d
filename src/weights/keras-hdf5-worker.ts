/** Reads one Keras file in HDF5; the thread of `readKerasHdf5`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { BoundedReply, BoundedWork } from '../base/bounded-worker.js';
import { flattenError } from '../base/errors.js';
import type { KerasHdf5Task } from './keras-hdf5.js';
import { readTree } from './keras-hdf5-tree.js';
import type { WeightsFile } from './tensors.js';

const { task, progress } = workerData as BoundedWork<KerasHdf5Task>;

async function read(): Promise<BoundedReply<WeightsFile>> {
  try {
    return { result: await readTree(task.file, task.bytes, () => void Atomics.add(progress, 0, 1)) };
  } catch (error) {
    return { error: flattenError(error) };
  }
}

const reply = await read();
const buffers = 'result' in reply ? reply.result.tensors.map(({ data }) => data.buffer as ArrayBuffer) : [];
parentPort?.postMessage(reply, buffers);
