import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { ConvoyError, fileError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';

const name = 'record.json';
const count = z.int().min(1);
const perChannel = z.array(z.number()).min(1);

const recordSchema = z.strictObject({
  format: z.literal(1),
  dataset: z.strictObject({
    name: z.string(),
    /** Of the training and of the test images: see `Dataset.fingerprint`. */
    train: z.string(),
    test: z.string(),
    /** True where the data were made in code: no name or folder opens them again. */
    madeInCode: z.boolean(),
  }),
  /** Class names in the order of the network's outputs. */
  classes: z.array(z.string()).min(1),
  image: z.strictObject({ height: count, width: count, channels: count }),
  /** What is done to each pixel from 0 to 255: `pixel * scale + offset`, by channel. */
  preprocess: z.strictObject({ scale: perChannel, offset: perChannel }),
  targets: z.enum(['classes', 'multi-label', 'masks', 'boxes', 'pixels']),
  /** The loss with its options, which say what the outputs are. */
  loss: z.looseObject({ name: z.string() }),
  testTimeFlip: z.boolean(),
  versions: z.record(z.string(), z.string()),
  /** What it was trained on, and how it was started; runs of older versions do not say. */
  machine: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  command: z.string().optional(),
});

/** What a run knows of its data and network: enough to predict without either of their sources. */
export type RunRecord = z.output<typeof recordSchema>;

/**
 * Writes `record.json`.
 *
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeRecord(folder: string, record: RunRecord): Promise<void> {
  await writeFileAtomic(join(folder, name), [`${JSON.stringify(record, undefined, 2)}\n`]);
}

/**
 * Reads `record.json`.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` when it is missing or damaged.
 */
export async function readRecord(folder: string): Promise<RunRecord> {
  const file = join(folder, name);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const found = missing
      ? 'no file; runs of older versions have none, and --resume writes it'
      : (error as Error).message;
    throw fileError('CONVOY_CHECKPOINT', file, '', 'the record of a run', found, error);
  }
  try {
    return parseOptions(recordSchema, value, file);
  } catch (error) {
    throw new ConvoyError('CONVOY_CHECKPOINT', (error as Error).message, { file }, error);
  }
}

/** `record.json` where there is one: runs of older versions have none. */
export async function findRecord(folder: string): Promise<RunRecord | undefined> {
  return existsSync(join(folder, name)) ? readRecord(folder) : undefined;
}
