export { activationGrid, filterGrid, type GridOptions } from './image-grids.js';
export { layerOutputs } from './layer-outputs.js';
export { type Pca, type Points, pca } from './pca.js';
export { symmetricEigen } from './symmetric-eigen.js';
export { jointProbabilities, type Tsne, type TsneOptions, tsne } from './tsne.js';
