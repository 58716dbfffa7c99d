/** What a campaign of damaged files reads with. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One reader. */
export interface FuzzParser {
  readonly name: string;
  /** Inputs of it for each 1,000 of a campaign. */
  readonly share: number;
  /** Name that a file must have. */
  readonly file: string;
  /** Whether any change must be refused, since a checksum covers all of the file. */
  readonly checksummed?: boolean;
  corpus(): Promise<Buffer[]>;
  read(file: string, bytes: Buffer): Promise<unknown>;
}

/** The bytes of a file that is written for them. */
export async function madeBy(name: string, write: (file: string) => Promise<unknown>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-corpus-'));
  try {
    await write(join(folder, name));
    return await readFile(join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}
