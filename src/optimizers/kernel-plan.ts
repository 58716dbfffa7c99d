import type { GradientTransform, StepPass } from './program.js';
import type { OptimizerSpec } from './registry.js';
import type { ParameterPlace, ParameterSpan, SpanBlock } from './spans.js';

/** The compiled form of a step that ends a round of Lookahead, or of any other. */
export interface StepVariant {
  readonly chain: readonly GradientTransform[];
  readonly passes: readonly StepPass[];
}

/** The plan of an optimizer, from which kernels are bound. */
export interface KernelPlan {
  readonly spec: OptimizerSpec;
  readonly parameters: readonly ParameterPlace[];
  readonly stateNames: readonly string[];
  readonly spans: readonly ParameterSpan[];
  readonly blocks: readonly SpanBlock[];
  readonly variantOf: (step: number) => StepVariant;
  readonly variants: readonly StepVariant[];
  /** True where a later pass reads the gradient again. */
  readonly keepsGradient: boolean;
}
