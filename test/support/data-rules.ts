/** What the tests of the rules in docs/data.md share. */
import { readFile } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import type { Dataset } from '../../src/contracts/index.js';

/** A test for each row of a table, by the row's first cell. */
export type Rules = Readonly<Record<string, (t: ExecutionContext) => Promise<unknown>>>;

/** The first cells of the table below a heading of docs/data.md, sorted. */
export async function ruleRows(heading: string): Promise<string[]> {
  const page = await readFile(new URL('../../../docs/data.md', import.meta.url), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = [...section.matchAll(/^\| ([^|]+) \| [^|]+ \|$/gm)].map(([, what]) => what?.trim() ?? '');
  return rows.filter((what) => what !== 'what').sort();
}

/** Images of each class over some splits. */
export function classCounts(...splits: readonly Dataset[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { targets, classes } of splits) {
    if (targets.kind !== 'classes') throw new TypeError('expected classes');
    for (const name of classes) counts[name] ??= 0;
    for (const label of targets.labels) counts[classes[label] as string] = (counts[classes[label] as string] ?? 0) + 1;
  }
  return counts;
}

/** Paths of ten images in each folder. */
export const ten = (...folders: readonly string[]): string[] =>
  folders.flatMap((folder) => Array.from({ length: 10 }, (_, image) => `${folder}/${image}.png`));
