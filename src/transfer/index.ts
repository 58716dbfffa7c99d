export { freezeUntil, parseFreeze } from './freeze.js';
export { headLayers, type HeadLayer, parseHead, replaceHead } from './head.js';
export { type FrozenSplit, splitFrozen, splitHead, type SplitModel } from './split.js';
export {
  type HeadOptions,
  normalizationOf,
  transferByName,
  transferFrom,
  type Transferred,
  type TransferOptions,
} from './transfer.js';
