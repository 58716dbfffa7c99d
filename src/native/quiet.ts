import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What TensorFlow 2.21 says at every start, before its log level can be heard. */
const harmless = [/^WARNING: All log messages before absl::InitializeLog/, /oneDNN custom operations are on/];

/**
 * Loads a library without the lines it always prints on standard error: these go to a file meanwhile, and all that is
 * not known to be harmless is passed on. Only where standard error is a terminal or a pipe: a file would have to be
 * opened anew, and processes that share it would then write over each other. Elsewhere the library is simply loaded.
 */
export async function withoutNoise<Result>(load: () => Promise<Result>): Promise<Result> {
  if (process.platform !== 'linux') return load();
  const target = fstatSync(2);
  if (!target.isCharacterDevice() && !target.isFIFO()) return load();
  let folder: string | undefined;
  let saved: number;
  let written: number;
  try {
    folder = mkdtempSync(join(tmpdir(), 'convoy-'));
    written = openSync(join(folder, 'stderr'), 'a+');
    saved = openSync('/proc/self/fd/2', 'a');
  } catch {
    // No folder for temporary files, or a full one: a few lines too many are no reason to stop.
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return load();
  }
  const file = join(folder, 'stderr');
  closeSync(2);
  openSync(`/proc/self/fd/${written}`, 'a'); // the lowest free number: 2
  closeSync(written);
  try {
    return await load();
  } finally {
    closeSync(2);
    openSync(`/proc/self/fd/${saved}`, 'a');
    closeSync(saved);
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line.trim() !== '' && !harmless.some((pattern) => pattern.test(line))) process.stderr.write(`${line}\n`);
    }
    rmSync(folder, { recursive: true });
  }
}
