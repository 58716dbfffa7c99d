export { ChannelPadding } from './channel-padding.js';
export { PyTorchUniform } from './pytorch-uniform.js';
