import leven from 'leven';

/** Words of other libraries for a name of convoy's: `lr` for `learningRate`. */
export type Aliases = Readonly<Record<string, readonly string[]>>;

/** Most names that one message suggests. */
const mostSuggestions = 3;

/** Letters and digits alone: `weight_decay`, `weight-decay` and `weightDecay` are one word. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * The known names that a person probably meant by `word`, best first: an alias, another spelling, the beginning of a
 * name, a part of it, or a typing error.
 *
 * @param aliases other words for a name, by name.
 */
export function suggestions(word: string, known: readonly string[], aliases: Aliases = {}): string[] {
  const wanted = plain(word);
  if (wanted === '') return [];
  const spellings = known.map((name) => ({ name, words: [name, ...(aliases[name] ?? [])].map(plain) }));
  const having = (matches: (spelling: string) => boolean): string[] =>
    spellings.filter(({ words }) => words.some(matches)).map(({ name }) => name);
  const same = having((spelling) => spelling === wanted);
  if (same.length > 0) return same.slice(0, 1);
  const begun = wanted.length < 2 ? [] : having((spelling) => spelling.startsWith(wanted));
  if (begun.length > 0) return begun.slice(0, mostSuggestions);
  const parts = wanted.length < 5 ? [] : having((spelling) => spelling.includes(wanted));
  if (parts.length > 0) return parts.slice(0, mostSuggestions);
  const near = nearest(spellings, (spelling) => leven(wanted, spelling), wanted);
  if (near.length > 0 || wanted.length < 4) return near;
  return nearest(spellings, (spelling) => leven(wanted, spelling.slice(0, wanted.length)), wanted);
}

/** The names at the smallest number of typing errors, where that is small for the word's length. */
function nearest(
  spellings: readonly { readonly name: string; readonly words: readonly string[] }[],
  distanceTo: (spelling: string) => number,
  wanted: string,
): string[] {
  const most = Math.min(3, Math.floor((wanted.length + 1) / 2.5));
  const distances = spellings.map(({ name, words }) => ({ name, distance: Math.min(...words.map(distanceTo)) }));
  const smallest = Math.min(...distances.map(({ distance }) => distance));
  if (smallest > most) return [];
  return distances
    .filter(({ distance }) => distance === smallest)
    .map(({ name }) => name)
    .slice(0, mostSuggestions);
}

/** `; did you mean a, b or c?`, or nothing. */
export function didYouMean(names: readonly string[]): string {
  if (names.length === 0) return '';
  const last = names.at(-1);
  return `; did you mean ${names.length === 1 ? last : `${names.slice(0, -1).join(', ')} or ${last}`}?`;
}
