export { activationGrid, filterGrid, type GridOptions } from './image-grids.js';
export { layerOutputs } from './layer-outputs.js';
export { pca, type Pca, type Points } from './pca.js';
export { jointProbabilities, tsne, type Tsne, type TsneOptions } from './tsne.js';
export { symmetricEigen } from './symmetric-eigen.js';
