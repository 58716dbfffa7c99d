import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { fileError, valueError } from '../base/errors.js';

/** What an experiment is to do, as JSON; results that it already has belong to this plan alone. */
export type Plan = Readonly<Record<string, unknown>>;

/**
 * Writes the plan of an experiment into its folder, or sees that the folder is of the same plan.
 *
 * @param name of the file, without its ending.
 * @throws ConvoyError `CONVOY_OPTION` where the folder holds a run or another plan, naming the option that differs;
 *   `CONVOY_CHECKPOINT` where the file is damaged, `CONVOY_DISK` where it cannot be written.
 */
export async function keepPlan(folder: string, name: string, plan: Plan): Promise<void> {
  const file = join(folder, `${name}.json`);
  const wanted = JSON.parse(JSON.stringify(plan)) as Plan;
  if (existsSync(file)) {
    const found = await readPlan(file);
    const place = difference(wanted, found);
    if (place === undefined) return;
    const expected = `the plan of ${file}, which has ${shown(at(found, place))}`;
    throw valueError(place, expected, shown(at(wanted, place)), 'give another --out for another experiment');
  }
  if (existsSync(join(folder, 'config.json')))
    throw valueError('--out', 'a new folder, or one of the same experiment', folder, 'it holds a run');
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  await writeFileAtomic(file, [`${JSON.stringify(wanted, undefined, 2)}\n`]);
}

async function readPlan(file: string): Promise<Plan> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Plan;
  } catch (error) {
    throw fileError('CONVOY_CHECKPOINT', file, '', 'the plan of an experiment', (error as Error).message, error);
  }
}

/** The first place at which two values differ, as `config.learningRate`. */
function difference(a: unknown, b: unknown, place = ''): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  if (!isObject(a) || !isObject(b)) return place;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const key = keys.find((each) => !isDeepStrictEqual(a[each], b[each])) ?? '';
  return difference(a[key], b[key], place === '' ? key : `${place}.${key}`);
}

function at(value: unknown, place: string): unknown {
  return place.split('.').reduce<unknown>((found, key) => (isObject(found) ? found[key] : undefined), value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
