export { createOptimizer, openStepKernel, type Optimizer } from './optimizer.js';
export type { ParameterPlace } from './runs.js';
export { baseLearningRate, type OptimizerSpec, optimizerSchema } from './spec.js';
export {
  blockFloats,
  type PassArguments,
  type PassResult,
  type StepArguments,
  type StepDescription,
  type StepKernel,
  type StepRegions,
  type StepResult,
  type StepSeconds,
} from './step-kernel.js';
