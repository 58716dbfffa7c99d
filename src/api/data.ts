/** `convoy-train/data`: datasets by name, folder or archive; loads no TensorFlow. */
export type { Dataset, DatasetPair, ImageShape } from '../contracts/index.js';
export {
  type ArrayDatasetOptions,
  type BadImage,
  type CatalogEntry,
  type ConvertedDataset,
  type ConvertOptions,
  catalog,
  catalogEntry,
  convertDataset,
  type DataProgress,
  type DatasetInfo,
  datasetFromArrays,
  datasetFromFolder,
  datasetInfo,
  describeDatasets,
  type OpenedDataset,
  type OpenOptions,
  openDataset,
  samplesPerClass,
} from '../data/index.js';
