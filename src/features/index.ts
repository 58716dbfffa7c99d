export { FrozenFeatures, type FrozenFeaturesOptions, featureLength, featureMemoryBytes } from './frozen-features.js';
