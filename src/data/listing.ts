/** What an image folder or archive holds, before any image is read. */

/** A file of a listing. */
export interface ListedFile {
  readonly bytes: number;
  /** What was found instead of a file that can be read, where that shows already: `a link to nothing`. */
  readonly problem?: string;
  /** The file of the same listing whose bytes it has: a hard link in an archive. */
  readonly sameAs?: string;
}

/** A link to a file or folder that is in the listing by another path; it adds nothing. */
export interface PassedLink {
  readonly path: string;
  /** The path by which it is in the listing; undefined for a folder. */
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
  /** Text that changes when a file does. */
  readonly identity: string;
}
