export { createOptimizer, type Optimizer, openStepKernel } from './optimizer.js';
export { cutSlices, type ParameterPlace, type Slice } from './runs.js';
export { baseLearningRate, baseWeightDecay, type OptimizerSpec, optimizerSchema, takesMomentum } from './spec.js';
export type {
  PassArguments,
  PassResult,
  Prepare,
  StepArguments,
  StepDescription,
  StepKernel,
  StepRegions,
  StepResult,
  StepSeconds,
} from './step.js';
export { blockFloats } from './step-kernel.js';
