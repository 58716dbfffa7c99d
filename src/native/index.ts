/** TensorFlow and the processor: the only folder that imports `@tensorflow/tfjs-node`. */
export { givenEnvironment, intraOpThreads, loadNative, loadNativeInWorker, nativeIsLoading } from './load.js';
export type { CpuFeatures, ProcessorOptions } from './processor.js';
export { availableCores, cpuFeatures, decidingInstructions, hidesCaches, processorModel } from './processor.js';
export type { LoadedGraph, Native, NativeOptions, OpAttribute, TensorId, TypeName } from './types.js';
