/** What every sample of an epoch gets: draws from the seed, as steps. */
export { type Box, drawBox } from './banks.js';
export { planWindow } from './plan.js';
