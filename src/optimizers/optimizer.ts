import { parseOptions } from '../base/validate.js';
import { lane } from '../kernels/index.js';
import { chainOf } from './chain.js';
import type { KernelPlan, StepVariant } from './kernel-plan.js';
import { StepBuilder } from './program.js';
import { type OptimizerSpec, optimizerLearningRate, optimizerSchema } from './registry.js';
import { cutBlocks, type ParameterPlace, planSpans } from './spans.js';
import type { StepDescription, StepKernel, StepRegions } from './step.js';
import { bindStepKernel, blockFloats } from './step-kernel.js';

/** An optimizer of given parameters: which state it keeps, and kernels that take its steps over an arena. */
export interface Optimizer {
  readonly spec: OptimizerSpec;
  /** Where schedules start: the option, or the style's default. */
  readonly learningRate: number;
  /** Each a region as long as the weights; `ema` holds the averaged weights. In checkpoints under these names. */
  readonly stateNames: readonly string[];
  /** Whether kernels need `StepRegions.reduced` even without accumulation (clipping by norm, LARS). */
  readonly needsReduced: boolean;
  /** Fills new state regions, in the order of `stateNames`. */
  initialize(states: readonly Float32Array[], weights: Float32Array): void;
  /** Compiles the step over a memory. */
  bind(memory: WebAssembly.Memory, regions: StepRegions): StepKernel;
}

/**
 * Makes an optimizer. The step is compiled to one WebAssembly SIMD loop over the shared memory for each sweep, so its
 * bits do not depend on who does which part.
 *
 * @param parameters the trainable parameters; anything between them in the regions is left alone
 * @throws ConvoyError `CONVOY_OPTION` for wrong options or a group that matches nothing
 */
export function createOptimizer(spec: OptimizerSpec, parameters: readonly ParameterPlace[]): Optimizer {
  const parsed = parseOptions(optimizerSchema, spec, 'optimizer');
  const variant = (decays: boolean, synchronise: boolean): StepVariant => {
    const chain = chainOf(parsed, decays, synchronise);
    const builder = new StepBuilder();
    chain.reduce((update, { apply }) => apply(update, builder), lane('gradient'));
    return { chain, passes: builder.finish() };
  };
  const perParameter = variant(false, false).passes.some(({ scope }) => scope === 'parameter');
  const spans = planSpans(spec, parameters, perParameter);
  const decays = spans.some(({ options }) => options.weightDecay > 0);
  const usual = variant(decays, false);
  const round = parsed.lookahead?.steps;
  const synchronising = round === undefined ? usual : variant(decays, true);
  const states = new Map(usual.chain.flatMap((link) => Object.entries(link.states ?? {})));
  const plan: KernelPlan = {
    spec,
    parameters,
    stateNames: [...states.keys()],
    spans,
    blocks: cutBlocks(spans, blockFloats),
    variants: [usual, synchronising],
    variantOf: (step) => (round !== undefined && step % round === 0 ? synchronising : usual),
    keepsGradient: usual.passes.slice(1).some(({ program }) => program.lanes.includes('gradient')),
  };
  return {
    spec,
    learningRate: optimizerLearningRate(spec),
    stateNames: plan.stateNames,
    needsReduced: plan.keepsGradient,
    initialize: (regions, weights) => {
      [...states.values()].forEach((initial, index) => {
        if (initial === 'weights') regions[index]?.set(weights);
        else regions[index]?.fill(initial);
      });
    },
    bind: (memory, regions) => bindStepKernel(plan, memory, regions),
  };
}

/**
 * Opens on this thread the kernel that another thread described.
 *
 * @param scratch this thread's own `blockFloats` floats, as a byte offset into the memory
 */
export function openStepKernel(description: StepDescription, memory: WebAssembly.Memory, scratch: number): StepKernel {
  const { spec, parameters, regions } = description;
  return createOptimizer(spec, parameters).bind(memory, { ...regions, scratch });
}
