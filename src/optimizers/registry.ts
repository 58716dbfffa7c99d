import type { z } from 'zod';
import { describeOptions } from '../base/described.js';
import { byName } from '../base/options.js';
import { commonOptions } from './common.js';
import type { NamedOptimizer } from './define.js';
import { adadelta } from './named/adadelta.js';
import { adagrad } from './named/adagrad.js';
import { adam } from './named/adam.js';
import { adamax } from './named/adamax.js';
import { adamw } from './named/adamw.js';
import { lamb } from './named/lamb.js';
import { lars } from './named/lars.js';
import { lion } from './named/lion.js';
import { nadam } from './named/nadam.js';
import { rmsprop } from './named/rmsprop.js';
import { sgd } from './named/sgd.js';

const definitions = [sgd, adam, adamw, rmsprop, adagrad, adadelta, nadam, adamax, lamb, lars, lion] as const;

/** Every optimizer, by name. */
export const optimizers: readonly NamedOptimizer[] = definitions as readonly unknown[] as readonly NamedOptimizer[];

/** Options of every optimizer, for docs tables. */
export const commonOptimizerOptions = describeOptions(commonOptions);

/** Options of an optimizer, by `name`; unknown keys are refused. */
export const optimizerSchema = byName(definitions);

/** Options of an optimizer, by `name`. */
export type OptimizerSpec = z.input<typeof optimizerSchema>;
/** Options after the schema: defaults of `lookahead` and `ema` filled. */
export type ParsedSpec = z.output<typeof optimizerSchema>;

function definitionOf({ name }: Pick<OptimizerSpec, 'name'>): NamedOptimizer {
  const found = optimizers.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(`no optimizer ${name}`);
  return found;
}

/** The learning rate a schedule starts from: `learningRate`, or the default of the optimizer's style. */
export function optimizerLearningRate(spec: OptimizerSpec): number {
  return definitionOf(spec).learningRate(spec);
}

/** Weight decay outside groups: that of the options, or the optimizer's default. */
export function baseWeightDecay(spec: OptimizerSpec): number {
  return definitionOf(spec).weightDecay(spec);
}

/** Whether a schedule can move the optimizer's momentum: it has one, or a first beta that stands for it. */
export function takesMomentum(spec: OptimizerSpec): boolean {
  return definitionOf(spec).takesMomentum(spec);
}

/** Optimizers whose momentum a schedule can move, and what some need for it; for messages. */
export function optimizersWithMomentum(): string[] {
  return optimizers.flatMap(({ name, options, takesMomentum }) => {
    if (takesMomentum({})) return [name];
    return options.some((one) => one.name === 'momentum') ? [`${name} with momentum above 0`] : [];
  });
}

/** The transforms that are the optimizer's own, from the gradient to the step. */
export function ownTransforms(spec: OptimizerSpec, decays: boolean): ReturnType<NamedOptimizer['transforms']> {
  return definitionOf(spec).transforms(spec, decays);
}
