export { featureLength, featureMemoryBytes, FrozenFeatures, type FrozenFeaturesOptions } from './frozen-features.js';
