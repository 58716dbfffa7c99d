import { valueError } from '../base/errors.js';
import { type CatalogEntry, catalog, catalogEntry } from './catalog.js';
import { fileAddress } from './download.js';
import { locateDataset } from './locate.js';

/** What `data list` and `data info` show of a dataset. */
export interface DatasetInfo {
  readonly entry: CatalogEntry;
  /** `drawn` needs no files; `found` lies at `path`; `missing` would be downloaded. */
  readonly state: 'drawn' | 'found' | 'missing';
  /** Folder or archive it was found in. */
  readonly path?: string;
  /** Bytes to download; 0 unless missing. */
  readonly downloadBytes: number;
  /** Addresses it would be downloaded from. */
  readonly addresses: readonly string[];
  /** Places looked at before it was found, or all of them, with what was missing there. */
  readonly lookedAt: readonly string[];
}

/**
 * Where a dataset of the catalog is, without opening it.
 *
 * @throws ConvoyError `CONVOY_OPTION` when the catalog has none of that name.
 */
export async function datasetInfo(name: string, dataDir?: string): Promise<DatasetInfo> {
  const entry = catalogEntry(name);
  if (entry === undefined) {
    throw valueError('dataset', `one of ${catalog.map((known) => known.name).join(', ')}`, name);
  }
  if (!entry.formats.some((format) => format.needsFiles))
    return { entry, state: 'drawn', downloadBytes: 0, addresses: [], lookedAt: [] };
  const addresses = entry.files.map((file) => fileAddress(entry, file));
  const { found, lookedAt } = await locateDataset(entry, dataDir);
  if (found !== undefined) {
    return { entry, state: 'found', path: found.path, downloadBytes: 0, addresses, lookedAt };
  }
  const downloadBytes = entry.files.reduce((sum, { bytes }) => sum + bytes, 0);
  return { entry, state: 'missing', downloadBytes, addresses, lookedAt };
}

/** `datasetInfo` of every dataset of the catalog, in its order. */
export function describeDatasets(dataDir?: string): Promise<DatasetInfo[]> {
  return Promise.all(catalog.map(({ name }) => datasetInfo(name, dataDir)));
}
