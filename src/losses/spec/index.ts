/** What losses are, without the library that computes them: for configurations, graphs and models. */
export type { BoxInputs, LossAlgebra, LossInputs } from '../algebra.js';
export type { OutputMeaning } from '../define.js';
export { lossName, parseLoss } from '../parse.js';
export { type LossSpec, losses, lossNamed, lossSchema } from '../registry.js';
