/** Measuring training in processes of their own: what `convoy tune` and the benchmarks share. */
export { type ChildOptions, MeasuringChild, MissingError } from './child.js';
export { type Measured, serve } from './protocol.js';
export { type StepChild, startStepChild } from './step-child.js';
export { type StepPhase, type StepRound, StepSession, type StepSetup, stepPhases } from './step-session.js';
export { syntheticDatasets } from './synthetic.js';
