/**
 * The files of a folder, each real one once. Links are followed, but never to what is listed already: a link back to a
 * folder above it, or from one class to another, would give images twice and under a class that is not theirs.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConvoyError, fileError } from '../base/errors.js';
import { unreadable } from '../images/index.js';
import type { ListedFile, Listing, PassedLink } from './listing.js';
import { byName, isImageName, isLeftover } from './names.js';
import { checkAborted } from './options.js';

/** Stats under way at once: one by one they take longer than the decoding. */
const atOnce = 64;

/** One entry of a folder. */
interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/** Lists a folder. */
export async function listFolder(folder: string, signal?: AbortSignal): Promise<Listing> {
  return new FolderWalk(folder, await realpath(folder), signal).run();
}

class FolderWalk {
  readonly #root: string;
  readonly #realRoot: string;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Map<string, ListedFile>();
  readonly #folders: string[] = [];
  readonly #passed: PassedLink[] = [];
  readonly #links: string[] = [];
  /** Real paths of what is listed: folders, and files with the path by which they are listed. */
  readonly #realFolders = new Set<string>();
  readonly #realFiles = new Map<string, { readonly path: string; readonly isLink: boolean }>();
  readonly #times = new Map<string, number>();

  constructor(root: string, realRoot: string, signal: AbortSignal | undefined) {
    this.#root = root;
    this.#realRoot = realRoot;
    this.#signal = signal;
  }

  async run(): Promise<Listing> {
    await this.#walk('', this.#realRoot, false);
    // What is no link is listed first: it is the image's own place.
    for (let next = 0; next < this.#links.length; next++) await this.#follow(this.#links[next] as string);
    const files = new Map([...this.#files].sort(([a], [b]) => byName(a, b)));
    const hash = createHash('sha256');
    for (const [name, { bytes, problem }] of files) {
      hash.update(JSON.stringify([name, bytes, this.#times.get(name) ?? problem]));
    }
    const folders = this.#folders.sort(byName);
    hash.update(JSON.stringify([folders, this.#passed]));
    const identity = JSON.stringify([this.#realRoot, hash.digest('hex')]);
    return { files, folders, links: this.#passed, identity };
  }

  /** Lists what is in a folder; `below` is its path in the listing, `real` its own. */
  async #walk(below: string, real: string, isLink: boolean): Promise<void> {
    checkAborted(this.#signal, `listing ${this.#root}`);
    this.#realFolders.add(real);
    const entries = await this.#entries(below);
    const at = (name: string): string => (below === '' ? name : `${below}/${name}`);
    const names = entries.filter(({ kind }) => kind === 'file').map(({ name }) => name);
    for (let start = 0; start < names.length; start += atOnce) {
      const group = names.slice(start, start + atOnce);
      await Promise.all(group.map((name) => this.#add(at(name), path.join(real, name), isLink)));
    }
    this.#links.push(...entries.filter(({ kind }) => kind === 'link').map(({ name }) => at(name)));
    for (const { name, kind } of entries) {
      const realFolder = path.join(real, name);
      if (kind !== 'folder' || this.#realFolders.has(realFolder)) continue;
      this.#folders.push(at(name));
      await this.#walk(at(name), realFolder, isLink);
    }
  }

  /** The entries of a folder in the order of their names. */
  async #entries(below: string): Promise<Entry[]> {
    const place = path.join(this.#root, below);
    let found: Dirent<Buffer>[];
    try {
      found = await readdir(place, { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      throw fileError('CONVOY_DATA', place, '', 'a readable folder', unreadable(error), error);
    }
    const entries = found.map((entry): Entry => {
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other';
      return { name: nameOf(place, entry.name), kind };
    });
    return entries.filter(({ name }) => !isLeftover(name)).sort((a, b) => byName(a.name, b.name));
  }

  async #add(name: string, real: string, isLink: boolean): Promise<void> {
    const file = path.join(this.#root, name);
    try {
      const { size, mtimeMs } = await stat(file);
      const listed = this.#realFiles.get(real);
      if (listed !== undefined) {
        this.#passed.push({ path: name, kept: listed.path, keptIsLink: listed.isLink });
        return;
      }
      this.#realFiles.set(real, { path: name, isLink });
      this.#times.set(name, mtimeMs);
      this.#files.set(name, { bytes: size });
    } catch (error) {
      this.#files.set(name, { bytes: 0, problem: problemOf(error) });
    }
  }

  async #follow(link: string): Promise<void> {
    const place = path.join(this.#root, link);
    let real: string;
    let isFolder: boolean;
    try {
      real = await realpath(place);
      isFolder = (await stat(real)).isDirectory();
    } catch (error) {
      if (isImageName(link)) this.#files.set(link, { bytes: 0, problem: problemOf(error) });
      else this.#passed.push({ path: link, keptIsLink: false, lost: 'to nothing' });
      return;
    }
    if (!isFolder) return this.#add(link, real, true);
    const holdsRoot = `${this.#realRoot}/`.startsWith(real === '/' ? real : `${real}/`);
    if (holdsRoot || this.#realFolders.has(real)) {
      this.#passed.push({ path: link, keptIsLink: false });
      return;
    }
    this.#folders.push(link);
    await this.#walk(link, real, true);
  }
}

function problemOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'a link to nothing' : unreadable(error);
}

/** A name as text; one that is not UTF-8 would be another name when it is written again. */
function nameOf(place: string, bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw notUtf8(place, bytes);
}

/** The error for a name in another encoding, with its bytes as a shell shows them. */
export function notUtf8(
  place: string,
  bytes: Buffer,
  advice = 'rename it (convmv -f latin1 -t utf8 --notest does so)',
): ConvoyError {
  const shown = bytes.toString('latin1').replace(/[^ -~]/g, (letter) => `\\x${letter.charCodeAt(0).toString(16)}`);
  const message = `${place}: ${shown}: expected a name in UTF-8 but found bytes of another encoding; ${advice}`;
  return new ConvoyError('CONVOY_DATA', message, { file: place, place: shown });
}
