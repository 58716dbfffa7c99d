import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ConvoyError, fileError } from '../base/errors.js';
import { deadParts, partEnding, partOf, removeDeadParts } from '../base/part-file.js';
import { errorText } from './bytes.js';
import type { CatalogEntry, CatalogFile } from './catalog.js';
import { fileDigest } from './file-digest.js';
import { checkAborted, type OpenOptions } from './options.js';
import { downloadFolder } from './places.js';

/** Tries for one file when the connection breaks or the server fails; each goes on where the last one stopped. */
const tries = 3;
/** Wait before the second try, milliseconds; doubled for each further one. */
const firstWaitMilliseconds = 500;

/** A file as it must be at its address: a checksum, hexadecimal, and its size where that is published too. */
export interface PinnedFile {
  readonly name: string;
  readonly bytes?: number;
  readonly sha256?: string;
  /** For publishers who state no better one (Keras); enough against damage, not against forgery. */
  readonly md5?: string;
}

/** The checksum of a pinned file. */
export function pinOf(file: PinnedFile): {
  readonly algorithm: 'sha256' | 'md5';
  readonly label: string;
  readonly digest: string | undefined;
} {
  if (file.sha256 !== undefined) return { algorithm: 'sha256', label: 'SHA-256', digest: file.sha256 };
  return { algorithm: 'md5', label: 'MD5', digest: file.md5 };
}

/** A failure that another try may mend. */
class PassingError extends Error {}

/** The address of a file: its official one, or below `$CONVOY_MIRROR` as NAME/FILE. */
export function fileAddress(entry: CatalogEntry, file: CatalogFile): string {
  const mirror = process.env['CONVOY_MIRROR'];
  if (mirror === undefined || mirror === '') return file.url;
  return `${mirror.replace(/\/+$/, '')}/${entry.name}/${file.name}`;
}

/**
 * Downloads the files of a dataset into the cache. A file appears under its name only when its size and SHA-256 are the
 * pinned ones; what a broken download left is kept as a part and continued by the next.
 *
 * @throws ConvoyError `CONVOY_DATA` when a file cannot be had or is not the pinned one, `CONVOY_DISK` when it cannot be
 *   written, `CONVOY_ABORTED`.
 */
export async function downloadDataset(
  entry: CatalogEntry,
  options: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Promise<string> {
  const folder = downloadFolder(entry.name);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new ConvoyError('CONVOY_DISK', `Cannot make ${folder}: ${errorText(error)}`, { file: folder }, error);
  });
  for (const file of entry.files) {
    const target = path.join(folder, file.name);
    // It was renamed to this name only after its checksum was right.
    if ((await stat(target).catch(() => undefined))?.size === file.bytes) continue;
    await downloadFile(fileAddress(entry, file), file, target, options);
  }
  return folder;
}

/**
 * Downloads one file to `target`, whose folder exists, with `tries` tries; what a download that broke has left is not asked
 * for again. Each process writes a part of its own, however many download the same file. The file appears under its name
 * only when the checksum of what lies on the disk is the pinned one.
 *
 * @throws ConvoyError `CONVOY_DATA`, `CONVOY_DISK` or `CONVOY_ABORTED`, as `downloadDataset`.
 */
export async function downloadFile(
  url: string,
  file: PinnedFile,
  target: string,
  options: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const partial = partOf(target);
  let adopted = await adoptPart(target, partial);
  try {
    for (let attempt = 1; ; attempt++) {
      checkAborted(options.signal, `downloading ${url}`);
      try {
        await fetchInto(url, file, partial, options);
        const { algorithm, label, digest } = pinOf(file);
        const found = await fileDigest(partial, algorithm);
        if (found === digest) break;
        await rm(partial, { force: true });
        // What was left may be of another version of the file: then the whole of it is fetched.
        if (!adopted) throw fileError('CONVOY_DATA', url, '', `${label} ${digest}`, found);
        adopted = false;
      } catch (error) {
        checkAborted(options.signal, `downloading ${url}`);
        if (!(error instanceof PassingError)) throw error;
        if (attempt === tries) throw fileError('CONVOY_DATA', url, '', 'a download', error.message, error.cause);
        await wait(firstWaitMilliseconds * 2 ** (attempt - 1));
      }
    }
    await rename(partial, target);
  } catch (error) {
    // Left to whoever tries next, under a name that nobody writes to.
    await rename(partial, leftPart(target)).catch(() => undefined); // there may be none
    throw error;
  }
  await removeDeadParts(path.dirname(target));
  await rm(leftPart(target), { force: true });
}

/** Where a download that ended in an error leaves what it has. */
const leftPart = (target: string): string => `${target}${partEnding}`;

/** Takes what a download that broke, or was killed, has left: of several processes one gets it. */
async function adoptPart(target: string, partial: string): Promise<boolean> {
  const folder = path.dirname(target);
  const dead = await deadParts(folder, path.basename(target));
  for (const left of [leftPart(target), ...dead.map((name) => path.join(folder, name))]) {
    const adopted = await rename(left, partial).then(
      () => true,
      () => false, // there is none, or another process has just taken it
    );
    if (adopted) return true;
  }
  return false;
}

/** Completes `partial` from `url`. */
async function fetchInto(
  url: string,
  file: PinnedFile,
  partial: string,
  { onProgress, signal }: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const kept = await keptBytes(partial, file.bytes);
  if (kept === file.bytes) return;
  const response = await request(url, kept, signal);
  if (response.status === 416) {
    // The part is as long as the file or longer; without a published size only a new start tells.
    await rm(partial, { force: true });
    throw new PassingError('that nothing follows the part downloaded before');
  }
  // A server without ranges answers 200 with the whole file.
  const start = response.status === 206 ? kept : 0;
  const total = file.bytes ?? (response.length === undefined ? undefined : start + response.length);
  let done = start;
  const disk = (error: unknown): ConvoyError =>
    new ConvoyError('CONVOY_DISK', `Cannot write ${partial}: ${errorText(error)}`, { file: partial }, error);
  const handle = await open(partial, start === 0 ? 'w' : 'a').catch((error: unknown) => {
    throw disk(error);
  });
  try {
    for await (const chunk of response.body) {
      done += chunk.length;
      if (total !== undefined && done > total) throw fileError('CONVOY_DATA', url, '', `${total} bytes`, 'more');
      await handle.appendFile(chunk).catch((error: unknown) => {
        throw disk(error);
      });
      onProgress?.({ what: `downloading ${file.name}`, done, total: total ?? 0, unit: 'bytes' });
    }
    await handle.sync().catch((error: unknown) => {
      throw disk(error);
    });
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    throw new PassingError(
      `a connection that broke after ${done} of ${total ?? 'unknown'} bytes (${causeText(error)})`,
      { cause: error },
    );
  } finally {
    await handle.close();
  }
  if (total !== undefined && done < total)
    throw new PassingError(`an answer that ended after ${done} of ${total} bytes`);
}

/** Bytes that an earlier try left; an overlong part is of no use. */
async function keptBytes(partial: string, total = Infinity): Promise<number> {
  const bytes = (await stat(partial).catch(() => undefined))?.size ?? 0;
  return bytes > total ? 0 : bytes;
}

async function request(
  url: string,
  from: number,
  signal?: AbortSignal,
): Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array>; readonly length: number | undefined }> {
  const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
  // Checksums and ranges are of the bytes as they lie on the server.
  const init = { headers: { ...headers, 'accept-encoding': 'identity' }, ...(signal && { signal }) };
  const response = await fetch(url, init).catch((error: unknown) => {
    throw new PassingError(`no answer (${causeText(error)})`, { cause: error });
  });
  const { status, body } = response;
  const rightRange = status !== 206 || response.headers.get('content-range')?.startsWith(`bytes ${from}-`) === true;
  if (status >= 500 || status === 429) throw new PassingError(`HTTP status ${status}`);
  if (status === 416 && from > 0) return { status, body: nothing(), length: 0 };
  if ((status !== 200 && status !== 206) || body === null || !rightRange) {
    throw fileError(
      'CONVOY_DATA',
      url,
      '',
      'the file',
      `HTTP status ${status}${rightRange ? '' : ' with another range'}`,
    );
  }
  const length = Number(response.headers.get('content-length') ?? NaN);
  return { status, body, length: Number.isSafeInteger(length) ? length : undefined };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** fetch hides the reason of a failure in its cause. */
function causeText(error: unknown): string {
  return errorText(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
