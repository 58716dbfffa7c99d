export { layerOutputs, layerTensor } from './layer-outputs.js';
export { activationPictures, type FilterPictures, filterPictures } from './layer-pictures.js';
export { type Pca, type Points, pca } from './pca.js';
export { type ProjectionMethod, type ProjectOptions, project, projections } from './project.js';
export { symmetricEigen } from './symmetric-eigen.js';
export { jointProbabilities, type Tsne, type TsneOptions, tsne } from './tsne.js';
