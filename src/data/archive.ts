import { isUtf8 } from 'node:buffer';
import { stat } from 'node:fs/promises';
import type { Extract } from 'tar-stream';
import { ConvoyError, fileError } from '../base/errors.js';
import { errorText, fileBytes } from './bytes.js';
import { notUtf8 } from './folder-listing.js';
import { limits } from './limits.js';
import { TarSizes } from './tar-sizes.js';

/** A stream of one entry's content, with its header. */
type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

/** A file inside an archive. */
interface ArchiveFile {
  /** Path with `/`, relative, without `.` and `..`. */
  readonly path: string;
  readonly bytes: number;
  /** Of a hard link: the file before it whose content it has. */
  readonly sameAs?: string;
  /** Of a symbolic link: where it leads to, a path in the archive; undefined for a place outside. */
  readonly link?: { readonly to: string | undefined };
  /** The content; must be called before the next file is asked for, or not at all. */
  readonly read: () => Promise<Buffer>;
}

/** True for names that convoy reads as archives. */
export function isArchiveName(name: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(name);
}

const blockBytes = 512;
const renameAdvice = 'unpack it, rename the files (convmv -f latin1 -t utf8 --notest -r DIR), and pack it again';

/**
 * The oldest archives have no magic; checksums show what is no header. Names come as bytes, to see their encoding. Typed
 * loosely: the library's own types lack both.
 */
const readerOptions: object = { allowUnknownFormat: true, filenameEncoding: 'latin1' };

/**
 * The files of a tar archive, gzip or not, in the archive's order. Nothing of an archive is trusted: names that leave the
 * folder or are not UTF-8, devices, and sizes above `limits` are refused at the entry that has them. Links are told, never
 * followed: a hard link as the file that it is another name of.
 *
 * @param onFolder called with the path of every folder entry.
 * @throws ConvoyError `CONVOY_DATA` naming archive, entry, expectation.
 */
export async function* archiveFiles(
  archive: string,
  signal?: AbortSignal,
  onFolder: (path: string) => void = () => {},
): AsyncGenerator<ArchiveFile, void, undefined> {
  const { extract } = await import('tar-stream'); // loaded where there is an archive
  const guard = new ArchiveGuard(archive, (await stat(archive)).size);
  // Nothing is awaited from here to the loop: an entry that comes before the loop listens is lost, and its callback with it.
  const reader = extract(readerOptions);
  const tail = new EndOfArchive(archive);
  const feeding = feed(reader, archive, tail, signal);
  feeding.catch(() => undefined); // it is awaited below, perhaps long after it failed
  try {
    for await (const entry of reader) {
      const { kind, ...file } = guard.check(entry);
      if (kind === 'folder') onFolder(file.path);
      else yield { ...file, read: () => readEntry(entry, archive, file.path, file.bytes) };
      entry.resume();
    }
    await feeding;
    tail.check();
  } catch (error) {
    throw damaged(archive, guard.last, error);
  } finally {
    reader.destroy();
    await feeding.catch(() => undefined); // the reader was destroyed with the same error, or the consumer stopped early
  }
}

/** Writes the archive's bytes into the reader, waiting whenever it is full. */
async function feed(reader: Extract, archive: string, tail: EndOfArchive, signal?: AbortSignal): Promise<void> {
  const closed = new Promise<void>((resolve) => reader.once('close', resolve));
  const sizes = new TarSizes(archive);
  try {
    for await (const chunk of fileBytes(archive, signal)) {
      if (!tail.begun) checkStart(archive, chunk);
      tail.see(chunk);
      sizes.see(chunk);
      if (reader.destroyed) return;
      if (!reader.write(chunk))
        await Promise.race([closed, new Promise<void>((resolve) => reader.once('drain', () => resolve()))]);
    }
    reader.end(null);
  } catch (error) {
    reader.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** How files begin that people call .tar and that are none, in hexadecimal. */
const otherStarts: Readonly<Record<string, string>> = {
  '504b0304': 'a zip archive',
  fd377a585a00: 'xz data',
  '425a68': 'bzip2 data',
  '28b52ffd': 'Zstandard data',
  '377abcaf271c': 'a 7z archive',
  '52617221': 'a rar archive',
};

function checkStart(archive: string, chunk: Uint8Array): void {
  const start = Buffer.from(chunk.subarray(0, 8)).toString('hex');
  const found = Object.entries(otherStarts).find(([magic]) => start.startsWith(magic))?.[1];
  if (found === undefined) return;
  throw fileError(
    'CONVOY_DATA',
    archive,
    '',
    'a tar archive, packed by gzip or not,',
    `${found} (unpack it and name the folder)`,
  );
}

async function readEntry(entry: Entry, archive: string, path: string, bytes: number): Promise<Buffer> {
  const content = Buffer.allocUnsafe(bytes);
  let offset = 0;
  try {
    for await (const chunk of entry) if (chunk instanceof Buffer) offset += chunk.copy(content, offset);
  } catch (error) {
    throw damaged(archive, path, error);
  }
  if (offset !== bytes) throw fileError('CONVOY_DATA', archive, path, `${bytes} bytes`, `the end after ${offset}`);
  return content;
}

/** The error for an archive that cannot be followed beyond `entry`; a gzip or read error is passed on as it is. */
function damaged(archive: string, entry: string, error: unknown): ConvoyError {
  if (error instanceof ConvoyError) return error;
  return fileError('CONVOY_DATA', archive, `after entry ${entry}`, 'a whole tar archive', errorText(error), error);
}

/** Sees that the last block is zeros: POSIX ends an archive with two such, so an archive cut between entries shows. */
class EndOfArchive {
  readonly #archive: string;
  #last: Uint8Array = new Uint8Array(0);

  constructor(archive: string) {
    this.#archive = archive;
  }

  get begun(): boolean {
    return this.#last.length > 0;
  }

  see(chunk: Uint8Array): void {
    const joined = chunk.length >= blockBytes ? chunk : Buffer.concat([this.#last, chunk]);
    this.#last = joined.subarray(-blockBytes);
  }

  check(): void {
    if (!this.begun) throw fileError('CONVOY_DATA', this.#archive, '', 'a tar archive', 'an empty file (0 bytes)');
    if (this.#last.length === blockBytes && this.#last.every((byte) => byte === 0)) return;
    throw fileError(
      'CONVOY_DATA',
      this.#archive,
      'the end',
      'a block of zeros, which ends a tar archive',
      'none (cut short?)',
    );
  }
}

/** Checks each entry's name, kind and size, and the sums over the archive. */
class ArchiveGuard {
  readonly #archive: string;
  readonly #mostBytes: number;
  readonly #sizes = new Map<string, number>();
  #entries = 0;
  #bytes = 0;
  /** The last entry seen. */
  last = 'none';

  constructor(archive: string, packedBytes: number) {
    this.#archive = archive;
    // Small archives of zeros pack a thousandfold; the ratio guards where it hurts.
    this.#mostBytes = Math.min(
      limits.archiveBytes,
      Math.max(packedBytes * limits.archiveRatio, limits.archiveEntryBytes),
    );
  }

  check({ header }: Entry): Omit<ArchiveFile, 'read'> & { readonly kind: 'file' | 'folder' } {
    const { type, size: bytes = 0 } = header;
    const pax: { readonly path?: string; readonly linkpath?: string } = header.pax ?? {};
    const name = this.#text(header.name, pax.path);
    this.last = name;
    const refuse = (expected: string, found: string) =>
      fileError('CONVOY_DATA', this.#archive, `entry ${name}`, expected, found);
    this.#entries += 1;
    if (this.#entries > limits.archiveEntries) throw refuse(`at most ${limits.archiveEntries} entries`, 'more');
    if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || /^[a-z]:/i.test(name)) {
      throw refuse('a relative path with /', JSON.stringify(name));
    }
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw refuse('a path inside its folder', JSON.stringify(name));
    const path = parts.join('/');
    // Old archives tell a folder by the end of its name alone.
    if (type === 'directory' || (type === 'file' && name.endsWith('/'))) return { kind: 'folder', path, bytes: 0 };
    const target = this.#text(header.linkname ?? '', pax.linkpath);
    if (type === 'symlink') return { kind: 'file', path, bytes: 0, link: { to: within(parts.slice(0, -1), target) } };
    if (type === 'link') {
      const sameAs = within([], target);
      const size = this.#sizes.get(sameAs ?? '');
      if (sameAs === undefined || size === undefined) {
        throw refuse('a hard link to a file before it in the archive', `one to ${JSON.stringify(target)}`);
      }
      this.#sizes.set(path, size);
      return { kind: 'file', path, bytes: size, sameAs };
    }
    if (type !== 'file' && type !== 'contiguous-file') {
      throw refuse('a file, a folder or a link', `a ${type ?? 'entry of unknown type'}`);
    }
    if (bytes > limits.archiveEntryBytes)
      throw refuse(`at most ${limits.archiveEntryBytes} bytes in an entry`, String(bytes));
    this.#bytes += bytes;
    if (this.#bytes > this.#mostBytes)
      throw refuse(`at most ${this.#mostBytes} bytes in all entries`, `${this.#bytes} and more`);
    this.#sizes.set(path, bytes);
    return { kind: 'file', path, bytes };
  }

  /** A name as text: that of the extended header is UTF-8 by its standard, any other may be of any encoding. */
  #text(bytes: string, extended: string | undefined): string {
    if (extended !== undefined && !extended.includes('\uFFFD')) return extended;
    const buffer = Buffer.from(bytes, extended === undefined ? 'latin1' : 'utf8');
    if (extended === undefined && isUtf8(buffer)) return buffer.toString('utf8');
    throw notUtf8(`${this.#archive}: entry`, buffer, renameAdvice);
  }
}

/** Where a link leads to from a folder: a path inside the archive; undefined for a place outside. */
function within(folder: readonly string[], target: string): string | undefined {
  if (target.startsWith('/')) return undefined;
  const parts = [...folder];
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
