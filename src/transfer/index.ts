export { freezeUntil, parseFreeze } from './freeze.js';
export { type HeadLayer, headLayers, parseHead, replaceHead } from './head.js';
export { type FrozenSplit, type SplitModel, splitFrozen, splitHead } from './split.js';
export {
  type HeadOptions,
  normalizationOf,
  type TransferOptions,
  type Transferred,
  transferByName,
  transferFrom,
} from './transfer.js';
