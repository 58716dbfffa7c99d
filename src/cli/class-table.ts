import type { Dataset } from '../api/data.js';
import { grouped, table } from './terminal.js';

/** With more classes, only those with the most and the fewest samples are named. */
const most = 30;
const shownOfMany = 8;

/** Classes and their samples by split, as a table. @param counts samples of each class, split by split. */
export function classTable(splits: readonly Dataset[], counts: readonly (readonly number[])[]): string {
  const classes = splits[0]?.classes ?? [];
  const row = (label: number): string[] => ['', classes[label] ?? '', ...counts.map((own) => grouped(own[label] ?? 0))];
  const header = ['', '', ...splits.map(({ split }) => split)];
  const right = new Set(splits.map((_, column) => column + 2));
  if (classes.length <= most) return table([header, ...classes.map((_, label) => row(label))], right);
  const order = [...classes.keys()].sort((a, b) => (counts[0]?.[b] ?? 0) - (counts[0]?.[a] ?? 0));
  const left = classes.length - 2 * shownOfMany;
  const between = ['', `... ${grouped(left)} more ...`, ...splits.map(() => '')];
  return table(
    [header, ...order.slice(0, shownOfMany).map(row), between, ...order.slice(-shownOfMany).map(row)],
    right,
  );
}
