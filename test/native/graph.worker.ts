/** Runs a graph on numbers whose product is subnormal; answers with what the graph made of them and JavaScript after it. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadNativeInWorker } from '../../src/native/index.js';
import { subnormalProducts } from '../support/subnormals.js';

parentPort?.postMessage(await subnormalProducts(await loadNativeInWorker({ tensors: true }), String(workerData)));
