import { createHash } from 'node:crypto';
import { ConvoyError, combinationError, valueError } from '../base/errors.js';
import type { Dataset } from '../contracts/index.js';
import { selectSamples } from './split.js';

/** A class by its name, a text; or by its place among a dataset's classes, a number from 0. */
type ClassChoice = string | number;

/**
 * The samples of some classes, in the dataset's order, the classes renumbered in the order in which they are given.
 *
 * @param chosen a text is a name always, also of digits.
 * @throws ConvoyError `CONVOY_OPTION` for a class that the dataset does not have or that is given twice, or a dataset of
 *   several classes an image; `CONVOY_DATA` when a class has no image.
 */
export function selectClasses(dataset: Dataset, chosen: readonly ClassChoice[]): Dataset {
  const { targets, classes, split, name } = dataset;
  if (targets.kind !== 'classes') throw combinationError('--classes', 'needs', 'a dataset of one class per image');
  const places = chosen.map((choice) => placeOf(choice, classes));
  const renumbered = new Map<number, number>();
  for (const [label, place] of places.entries()) {
    if (renumbered.has(place))
      throw valueError('--classes', `each class once (${classes[place]} is there twice)`, chosen);
    renumbered.set(place, label);
  }
  const samples = Uint32Array.from(targets.labels.keys()).filter((sample) =>
    renumbered.has(targets.labels[sample] ?? -1),
  );
  const selected = selectSamples(dataset, samples, split);
  if (selected.targets.kind !== 'classes') throw new TypeError('a selection has other targets');
  const { labels } = selected.targets;
  labels.forEach((place, sample) => (labels[sample] = renumbered.get(place) ?? 0));
  const names = places.map((place) => classes[place] ?? '');
  const empty = names.find((_, label) => !labels.includes(label));
  if (empty !== undefined) {
    throw new ConvoyError(
      'CONVOY_DATA',
      `Expected ${split} images of the class ${empty} in ${name} but there are none`,
      { place: empty },
    );
  }
  const fingerprint = createHash('sha256').update(selected.fingerprint).update(JSON.stringify(names)).digest('hex');
  return { ...selected, classes: names, fingerprint };
}

function placeOf(choice: ClassChoice, classes: readonly string[]): number {
  const place = typeof choice === 'number' ? choice : classes.indexOf(choice.normalize('NFC'));
  if (Number.isInteger(place) && place >= 0 && place < classes.length) return place;
  const some = classes.slice(0, 20).join(', ');
  throw valueError('--classes', `names among ${some}${classes.length > 20 ? ', ...' : ''}`, choice);
}
