/** Some of a list, evenly spread, the first and the last among them. */
export function spread<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  const places = Array.from({ length: most }, (_, i) => Math.round((i * (items.length - 1)) / Math.max(1, most - 1)));
  return places.flatMap((place) => items.slice(place, place + 1));
}
