import { readFile, stat } from 'node:fs/promises';
import { writeFileAtomic } from '../base/atomic-file.js';
import { fileError } from '../base/errors.js';
import { downloadFile, type PinnedFile, pinOf } from './download.js';
import { fileDigest } from './file-digest.js';
import type { OpenOptions } from './options.js';

/**
 * A file at `target`, whose folder exists: downloaded once, read from the disk afterwards. The SHA-256 of what was downloaded
 * stands beside it in TARGET.sha256, as `sha256sum` writes it, so that a file that changes later is found, also one whose
 * publisher states only an MD5.
 *
 * @throws ConvoyError `CONVOY_DATA` when the file on the disk is not the one that was downloaded, and as `downloadFile`.
 */
export async function downloadOnce(
  url: string,
  file: PinnedFile,
  target: string,
  options: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const present = await stat(target).catch(() => undefined);
  if (present?.isFile() !== true) {
    await downloadFile(url, file, target, options);
    return record(target, file, await fileDigest(target, 'sha256'));
  }
  const recorded = /^[0-9a-f]{64}(?= )/.exec(await readFile(recordOf(target), 'utf8').catch(() => ''))?.[0];
  const found = await fileDigest(target, 'sha256');
  const known = file.sha256 ?? recorded;
  if (known !== undefined && found !== known) throw changed(target, `SHA-256 ${known}`, found);
  if (known === undefined) {
    const { algorithm, label, digest } = pinOf(file);
    const own = await fileDigest(target, algorithm);
    if (own !== digest) throw changed(target, `${label} ${digest}`, own);
  }
  if (recorded === undefined) await record(target, file, found);
}

const recordOf = (target: string): string => `${target}.sha256`;

/** In a folder that cannot be written the pinned checksum is compared each time instead. */
async function record(target: string, { name }: PinnedFile, digest: string): Promise<void> {
  await writeFileAtomic(recordOf(target), [`${digest}  ${name}\n`]).catch(() => undefined);
}

function changed(target: string, expected: string, found: string): Error {
  return fileError(
    'CONVOY_DATA',
    target,
    '',
    `${expected}, as it was downloaded`,
    `${found}; remove it to download it anew`,
  );
}
