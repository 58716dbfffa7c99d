/** What an image folder or archive holds, before any image is read. */

/** A file of a listing. */
export interface ListedFile {
  readonly bytes: number;
  /** What was found instead of a file that can be read, where that shows already: `a link to nothing`. */
  readonly problem?: string;
  /** The file of the same listing whose bytes it has: a hard link in an archive. */
  readonly sameAs?: string;
}

/** A link that adds nothing: what it leads to is in the listing by another path, or is not there. */
export interface PassedLink {
  readonly path: string;
  /** Where it leads, if what it leads to is not in the listing: `to nothing`. */
  readonly lost?: 'to nothing' | 'out of the archive';
  /** The path by which it is in the listing; undefined for a folder and a lost link. */
  readonly kept?: string;
  /** True where that is a link too, so that no path is the image's own. */
  readonly keptIsLink: boolean;
}

/** Files and folders of a source, without what systems and programs leave there. */
export interface Listing {
  /** By path, with `/`. */
  readonly files: ReadonlyMap<string, ListedFile>;
  readonly folders: readonly string[];
  readonly links: readonly PassedLink[];
  /** Text that changes when a file, a folder or a link does. */
  readonly identity: string;
}
