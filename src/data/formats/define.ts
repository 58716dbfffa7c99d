/** What a format of datasets is: one definition, over which opening, searching and messages iterate. */
import { combinationError } from '../../base/errors.js';
import type { ImageShape, Task } from '../../contracts/index.js';
import type { ColumnRole, OpenOptions } from '../options.js';
import type { OpenedSplits } from '../splits.js';

/** What the catalog knows of a dataset before it is opened. */
export interface KnownDataset {
  readonly name: string;
  /** Class names in label order. */
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  readonly trainCount: number;
  readonly testCount: number;
}

/** A dataset to open: how it is called, what is known of it, what the caller wants. */
export interface OpenRequest {
  /** For logs and messages. */
  readonly name: string;
  /** Undefined for a path that a person gave. */
  readonly known?: KnownDataset | undefined;
  readonly options: OpenOptions;
  /** Opens another dataset of the catalog, from which this one is made. */
  openNamed(name: string): Promise<OpenedSplits>;
}

/** A dataset found on disk. */
export interface FoundDataset {
  /** The file or folder it lies in. */
  readonly path: string;
  open(request: OpenRequest): Promise<OpenedSplits>;
}

/** A format that datasets have on disk. */
export interface DatasetFormat {
  readonly name: string;
  /** What a person gives as a path, for messages: `an image folder`. */
  readonly description: string;
  /** False for datasets that are made on the spot. */
  readonly needsFiles: boolean;
  /**
   * Whether a place holds a dataset of this format, without reading it. With a known dataset `place` is a folder to look
   * in; without, the file or folder that a person gave. A task tells apart folders that serve several.
   *
   * @returns what was found, or in words what was missing.
   */
  find(place: string, known?: KnownDataset, task?: Task): Promise<FoundDataset | string>;
}

/** What a definition says of a format. */
interface FormatDefinition<Source> {
  readonly name: string;
  readonly description: string;
  /** True by default. */
  readonly needsFiles?: boolean;
  /** Which columns may be named; none by default. */
  readonly columns?: readonly ColumnRole[];
  find(
    place: string,
    known?: KnownDataset,
    task?: Task,
  ): Promise<{ readonly path: string; readonly source: Source } | string>;
  /** Opens what `find` found. */
  open(source: Source, request: OpenRequest): Promise<OpenedSplits>;
}

/** Turns a definition into a format that can be searched for and opened. */
export function defineDatasetFormat<Source>(definition: FormatDefinition<Source>): DatasetFormat {
  const { name, description, needsFiles = true, columns = [] } = definition;
  const open = async (source: Source, request: OpenRequest): Promise<OpenedSplits> => {
    const given = Object.entries(request.options.columns ?? {}).filter(([, column]) => column !== undefined);
    const wrong = given.map(([role]) => role as ColumnRole).find((role) => !columns.includes(role));
    if (wrong !== undefined) {
      const taken = columns.length === 0 ? 'no columns' : `columns for ${columns.join(', ')} alone`;
      throw combinationError(`columns.${wrong}`, 'needs', `another dataset: ${description} takes ${taken}`);
    }
    return definition.open(source, request);
  };
  return {
    name,
    description,
    needsFiles,
    async find(place, known, task) {
      const found = await definition.find(place, known, task);
      if (typeof found === 'string') return found;
      return { path: found.path, open: (request) => open(found.source, request) };
    },
  };
}
