/** `convoy/data`: datasets by name, folder or archive; loads no TensorFlow. */
export type { Dataset, DatasetPair, ImageShape } from '../contracts/index.js';
export {
  type BadImage,
  type CatalogEntry,
  catalog,
  catalogEntry,
  type DataProgress,
  type DatasetInfo,
  datasetInfo,
  describeDatasets,
  type OpenedDataset,
  type OpenOptions,
  openDataset,
} from '../data/index.js';
