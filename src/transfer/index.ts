export { freezeUntil, parseFreeze } from './freeze.js';
export { headLayers, parseHead, replaceHead } from './head.js';
export { type SplitModel, splitFrozen, splitHead } from './split.js';
export {
  normalizationOf,
  transferByName,
  transferFrom,
} from './transfer.js';
