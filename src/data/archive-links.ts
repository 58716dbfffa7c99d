/** Symbolic links of an archive: none is followed to an image, since what it leads to is in the archive by its own path. */
import type { ListedFile, PassedLink } from './listing.js';
import { foldersAbove, isImageName } from './names.js';

/** A symbolic link and the path in the archive that it names; undefined for a place outside. */
export interface ArchiveLink {
  readonly path: string;
  readonly to: string | undefined;
}

/** Links that lead to links, at most: those that Linux follows. */
const mostHops = 40;

/**
 * The links that add nothing. One that leads out of the archive, or to nothing in it, is put among the files as a bad image
 * where it is called as one.
 */
export function followLinks(
  links: readonly ArchiveLink[],
  files: Map<string, ListedFile>,
  folders: readonly string[],
): PassedLink[] {
  const targets = new Map(links.map(({ path, to }) => [path, to]));
  const known = new Set(['', ...folders, ...[...files.keys()].flatMap(foldersAbove)]);
  const passed: PassedLink[] = [];
  for (const { path, to } of links) {
    const end = follow(to, targets);
    if (end !== undefined && files.has(end)) passed.push({ path, kept: end, keptIsLink: false });
    else if (end !== undefined && known.has(end)) passed.push({ path, keptIsLink: false });
    else if (isImageName(path)) files.set(path, { bytes: 0, problem: 'a link to nothing in the archive' });
    else passed.push({ path, keptIsLink: false, lost: 'out of the archive' });
  }
  return passed;
}

/** Where a path leads once no link is in it; undefined for a place outside, and for links in a circle. */
function follow(start: string | undefined, targets: ReadonlyMap<string, string | undefined>): string | undefined {
  let path = start;
  for (let hop = 0; path !== undefined && hop < mostHops; hop++) {
    const link = [...foldersAbove(path), path].find((above) => targets.has(above));
    if (link === undefined) return path;
    const [to, rest] = [targets.get(link), path.slice(link.length)];
    path = to === '' ? rest.slice(1) : to && `${to}${rest}`;
  }
  return undefined;
}
