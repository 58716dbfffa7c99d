// Each of these files defines layers: see "To add a layer" in CONTRIBUTING.md.
import './definitions/activation.js';
import './definitions/random-crop.js';
import './definitions/random-light.js';
import './definitions/random-projection.js';
import './definitions/random-flip.js';
import './definitions/with-constant.js';
import './definitions/spatial-dropout.js';
import './definitions/rms-normalization.js';
import './definitions/mean.js';
import './definitions/multi-head-attention.js';
import './definitions/layer-scale.js';
import './definitions/group-normalization.js';
import './definitions/box-points.js';
import './definitions/center-crop.js';
import './definitions/reference-boxes.js';
import './definitions/alpha-dropout.js';
import './definitions/batch-normalization.js';
import './definitions/channel-padding.js';
import './definitions/class-token.js';
import './definitions/convolution.js';
import './definitions/dense.js';
import './definitions/drop-path.js';
import './definitions/dropout.js';
import './definitions/first-token.js';
import './definitions/identity.js';
import './definitions/gaussian-noise.js';
import './definitions/layer-normalization.js';
import './definitions/merge.js';
import './definitions/normalization.js';
import './definitions/pooling.js';
import './definitions/position-embedding.js';
import './definitions/reshape.js';
import './definitions/resize.js';
import './definitions/self-attention.js';
import './definitions/transposed-convolution.js';

export type { Dialect } from './arguments.js';
export { completeBatchNormalization } from './complete-batch-normalization.js';
export {
  defineLayer,
  type LayerClass,
  type LayerDefinition,
  layerDefinition,
  layerDefinitions,
  type ProjectionOptions,
  type RandomSource,
} from './definition.js';
export { BoxPoints } from './definitions/box-points.js';
export { ChannelPadding } from './definitions/channel-padding.js';
export { ClassToken } from './definitions/class-token.js';
export { DropPath } from './definitions/drop-path.js';
export { FirstToken } from './definitions/first-token.js';
export { FixedNormalization } from './definitions/normalization.js';
export { PositionEmbedding } from './definitions/position-embedding.js';
export { AnchorBoxes, DefaultBoxes } from './definitions/reference-boxes.js';
export { SelfAttention } from './definitions/self-attention.js';
export { layerError } from './errors.js';
export { activityPenalties, weightPenalties } from './penalties.js';
export { PyTorchUniform } from './pytorch-uniform.js';
export { readLayer } from './read.js';
export { type ForwardPass, type Layer, LayerScope } from './scope.js';
export { LayerSettings } from './settings.js';
export { flatLayers, isInferred, isModel, placedLayers } from './tree.js';
export { convertObject, isObject, type JsonObject } from './values.js';
export { identityAndNegative, Whitening } from './whitening.js';
