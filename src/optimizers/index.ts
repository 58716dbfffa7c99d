export { createOptimizer, openStepKernel, type Optimizer } from './optimizer.js';
export type { ParameterPlace } from './runs.js';
export { baseLearningRate, baseWeightDecay, type OptimizerSpec, optimizerSchema, takesMomentum } from './spec.js';
export type {
  PassArguments,
  PassResult,
  StepArguments,
  StepDescription,
  StepKernel,
  StepRegions,
  StepResult,
  StepSeconds,
} from './step.js';
export { blockFloats } from './step-kernel.js';
