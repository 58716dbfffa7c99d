/** What is left out of a dataset, in words. */
import { type Arrangement, placeIn } from './arrangement.js';
import type { PassedLink } from './listing.js';
import { extensionOf } from './names.js';

export const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** Extensions with how many files have each. */
export function kinds(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(extensionOf(path), (counts.get(extensionOf(path)) ?? 0) + 1);
  return [...counts].map(([extension, number]) => `${number} ${extension}`).join(', ');
}

/** Says which files are left out because their names are not those of images. */
export function leftOut(arrangement: Arrangement, others: readonly string[]): string[] {
  const places = new Map<string, string[]>();
  for (const path of others) {
    const name = placeIn(arrangement, path)?.name;
    const place = name === undefined ? 'beside the classes' : `of ${name}`;
    const paths = places.get(place) ?? [];
    paths.push(path);
    places.set(place, paths);
  }
  return [...places].map(
    ([place, paths]) =>
      `left out ${count(paths.length, 'file')} ${place} whose extension is not an image's: ${kinds(paths)}`,
  );
}

/** Says which links add nothing, and why. */
export function passedLinks(links: readonly PassedLink[]): string[] {
  const byPlace = new Map<string, string[]>();
  for (const { path, lost = 'to what is in the dataset already' } of links) {
    byPlace.set(lost, [...(byPlace.get(lost) ?? []), path]);
  }
  return [...byPlace].map(
    ([place, paths]) =>
      `left out ${count(paths.length, 'link')} ${place}: ${paths[0]}${paths.length > 1 ? ' and others' : ''}`,
  );
}

/** What is in a folder without images, in words. */
export function contents(folder: string, others: readonly string[]): string {
  const inside = others.filter((path) => path.startsWith(`${folder}/`));
  if (inside.length === 0) return 'an empty folder';
  return `${count(inside.length, 'file')}, none with an image's extension (${kinds(inside)})`;
}
