import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ConvoyError, fileError } from '../base/errors.js';
import { errorText } from './bytes.js';
import type { CatalogEntry, CatalogFile } from './catalog.js';
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
function pinOf(file: PinnedFile): {
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
 * pinned ones; what a broken download left is kept as `.part` and continued.
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
 * Downloads one file to `target`, whose folder exists, with `tries` tries; what is there already in `target.part` is not
 * asked for again. It appears under its name only when its checksum is the pinned one.
 *
 * @throws ConvoyError `CONVOY_DATA`, `CONVOY_DISK` or `CONVOY_ABORTED`, as `downloadDataset`.
 */
export async function downloadFile(
  url: string,
  file: PinnedFile,
  target: string,
  options: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const partial = `${target}.part`;
  for (let attempt = 1; ; attempt++) {
    checkAborted(options.signal, `downloading ${url}`);
    try {
      const found = await fetchInto(url, file, partial, options);
      const { label, digest } = pinOf(file);
      if (found !== digest) {
        await rm(partial, { force: true });
        throw fileError('CONVOY_DATA', url, '', `${label} ${digest}`, found);
      }
      await rename(partial, target);
      return;
    } catch (error) {
      checkAborted(options.signal, `downloading ${url}`);
      if (!(error instanceof PassingError)) throw error;
      if (attempt === tries) throw fileError('CONVOY_DATA', url, '', 'a download', error.message, error.cause);
      await wait(firstWaitMilliseconds * 2 ** (attempt - 1));
    }
  }
}

/** Completes `partial` from `url` and returns its checksum. */
async function fetchInto(
  url: string,
  file: PinnedFile,
  partial: string,
  { onProgress, signal }: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Promise<string> {
  const { algorithm } = pinOf(file);
  const kept = await keptPart(partial, algorithm, file.bytes);
  if (kept.bytes === file.bytes) return kept.hash.digest('hex');
  const response = await request(url, kept.bytes, signal);
  if (response.status === 416) {
    // The part is as long as the file or longer; without a published size only a new start tells.
    await rm(partial, { force: true });
    throw new PassingError('that nothing follows the part downloaded before');
  }
  // A server without ranges answers 200 with the whole file.
  const start = response.status === 206 ? kept.bytes : 0;
  const hash = start === 0 ? createHash(algorithm) : kept.hash;
  const total = file.bytes ?? (response.length === undefined ? undefined : start + response.length);
  let done = start;
  const handle = await open(partial, start === 0 ? 'w' : 'a');
  try {
    for await (const chunk of response.body) {
      done += chunk.length;
      if (total !== undefined && done > total) throw fileError('CONVOY_DATA', url, '', `${total} bytes`, 'more');
      hash.update(chunk);
      await handle.appendFile(chunk).catch((error: unknown) => {
        throw new ConvoyError('CONVOY_DISK', `Cannot write ${partial}: ${errorText(error)}`, { file: partial }, error);
      });
      onProgress?.({ what: `downloading ${file.name}`, done, total: total ?? 0, unit: 'bytes' });
    }
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
  return hash.digest('hex');
}

/** Bytes that an earlier try left, and the hash over them; an overlong part is of no use. */
async function keptPart(partial: string, algorithm: string, total = Infinity): Promise<{ bytes: number; hash: Hash }> {
  const hash = createHash(algorithm);
  const bytes = (await stat(partial).catch(() => undefined))?.size ?? 0;
  if (bytes === 0 || bytes > total) return { bytes: 0, hash };
  for await (const chunk of createReadStream(partial)) if (chunk instanceof Buffer) hash.update(chunk);
  return { bytes, hash };
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
