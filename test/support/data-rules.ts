/** What the tests of the rules in docs/data.md share. */
import { readFile } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import type { Dataset } from '../../src/contracts/index.js';
import { openDataset } from '../../src/data/index.js';

/** A test for each row of a table, by the row's first cell. */
export type Rules = Readonly<Record<string, (t: ExecutionContext) => Promise<unknown>>>;

/** The first cells of the table below a heading of docs/data.md, sorted. */
export async function ruleRows(heading: string): Promise<string[]> {
  const page = await readFile(new URL('../../../docs/data.md', import.meta.url), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = [...section.matchAll(/^\| ([^|]+) \| [^|]+ \|$/gm)].map(([, what]) => what?.trim() ?? '');
  return rows.filter((what) => what !== 'what').sort();
}

/** How often each name occurs; a name may be that of a property of every object. */
export function tally(names: readonly string[], start: readonly string[] = []): Record<string, number> {
  const counts = new Map(start.map((name) => [name, 0]));
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Images of each class over some splits. */
export function classCounts(...splits: readonly Dataset[]): Record<string, number> {
  const names = splits.flatMap(({ targets, classes }) => {
    if (targets.kind !== 'classes') throw new TypeError('expected classes');
    return Array.from(targets.labels, (label) => classes[label] as string);
  });
  return tally(names, splits[0]?.classes);
}

/** Paths of ten images in each folder. */
export const ten = (...folders: readonly string[]): string[] =>
  folders.flatMap((folder) => Array.from({ length: 10 }, (_, image) => `${folder}/${image}.png`));

/** A dataset, its notes without the one of a fifth held out, which a test of its own is about. */
export async function openWithoutHeldOut(name: string, options: object = {}) {
  const opened = await openDataset({ name, seed: 1, ...options });
  return { ...opened, notes: opened.notes.filter((note) => !/has no test images/.test(note)) };
}
