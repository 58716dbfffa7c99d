export { completeBatchNormalization } from './batch-normalization.js';
export { ChannelPadding } from './channel-padding.js';
export { DropPath } from './drop-path.js';
export { FixedNormalization } from './fixed-normalization.js';
export { PyTorchUniform } from './pytorch-uniform.js';
export { SelfAttention } from './self-attention.js';
export { ClassToken, FirstToken, PositionEmbedding } from './tokens.js';
export { identityAndNegative, Whitening } from './whitening.js';
