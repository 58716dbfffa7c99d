export { createOptimizer, type Optimizer, openStepKernel } from './optimizer.js';
export {
  baseWeightDecay,
  commonOptimizerOptions,
  type OptimizerSpec,
  optimizerLearningRate,
  optimizerSchema,
  optimizers,
  optimizersWithMomentum,
  takesMomentum,
} from './registry.js';
export { cutSlices, type ParameterPlace, type Slice } from './spans.js';
export type {
  PassArguments,
  PassResult,
  Prepare,
  ReductionArguments,
  StepArguments,
  StepDescription,
  StepKernel,
  StepRegions,
  StepResult,
  StepSeconds,
} from './step.js';
export { blockFloats } from './step-kernel.js';
