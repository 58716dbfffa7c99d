import { ConvoyError, combinationError, valueError } from '../base/errors.js';
import type { RunConfig } from '../config/index.js';
import type { Dataset } from '../contracts/index.js';
import { lossNamed } from '../losses/spec/index.js';

/**
 * The weight of each class that makes all classes count alike: n / (k count_c) for n samples of k classes, as
 * scikit-learn's `compute_class_weight('balanced')`.
 *
 * @param labels class of each sample.
 * @param classes names of the classes.
 * @throws ConvoyError `CONVOY_DATA` that names the classes without a sample.
 */
export function balancedClassWeights(labels: ArrayLike<number>, classes: readonly string[]): number[] {
  const counts = countClasses(labels, classes);
  return counts.map((count) => labels.length / (classes.length * count));
}

/**
 * Samples of each class.
 *
 * @throws ConvoyError `CONVOY_DATA` that names the classes without a sample.
 */
export function countClasses(labels: ArrayLike<number>, classes: readonly string[]): number[] {
  const counts = new Array<number>(classes.length).fill(0);
  for (let at = 0; at < labels.length; at++) {
    const label = labels[at] as number;
    counts[label] = (counts[label] ?? 0) + 1;
  }
  const empty = classes.filter((_, label) => counts[label] === 0);
  if (empty.length === 0) return counts;
  const found = `none of ${empty.slice(0, 20).join(', ')}${empty.length > 20 ? ` and ${empty.length - 20} others` : ''}`;
  const advice = 'leave these classes out with --classes, add images, or give the weights as numbers';
  throw new ConvoyError('CONVOY_DATA', `Expected training images of every class but found ${found}; ${advice}`, {
    place: empty[0] as string,
    classes: empty,
  });
}

/**
 * A configuration whose loss has the class weights as numbers, which the run records: another day's data do not change them.
 *
 * @param train the samples that are trained on, without those held out for validation.
 * @throws ConvoyError `CONVOY_OPTION` where the loss takes no class weights, or the images have several labels;
 *   `CONVOY_DATA` for balanced weights where a class has no sample.
 */
export function settleClassWeights<Config extends RunConfig>(
  config: Config,
  { targets, classes }: Pick<Dataset, 'targets' | 'classes'>,
): Config {
  const { classWeights, ...rest } = config;
  if (classWeights === undefined) return config;
  if (!lossNamed(config.loss).perClass.includes('classWeights'))
    throw combinationError('classWeights', 'needs', `the loss crossEntropy instead of ${config.loss.name}`);
  if (targets.kind !== 'classes') throw combinationError('classWeights', 'needs', 'a dataset of one class per image');
  if (classWeights !== 'balanced' && classWeights.length !== classes.length)
    throw valueError('classWeights', `${classes.length} numbers, one for each class,`, classWeights);
  const numbers = classWeights === 'balanced' ? balancedClassWeights(targets.labels, classes) : classWeights;
  return { ...rest, loss: { ...config.loss, classWeights: numbers } } as unknown as Config;
}
