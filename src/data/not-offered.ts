/** Datasets that people ask for by name and that are no part of the catalog: what to do instead. */

const folders = 'lay its images out as train/CLASS/... and test/CLASS/... and give the path of that folder';

const advice: readonly (readonly [names: string, what: string])[] = [
  ['imagenet imagenet1k ilsvrc ilsvrc2012 tinyimagenet', `ImageNet may not be downloaded freely: ${folders}`],
  ['svhn stl10 food101 flowers102 oxfordpets pets caltech101 caltech256 dtd eurosat gtsrb celeba', folders],
  ['emnist kmnist qmnist', 'give the path of a folder with its IDX files'],
  ['coco mscoco voc pascalvoc cityscapes ade20k', 'convoy classifies images: it has no detection or segmentation'],
];

/** What to do about a dataset that is known elsewhere, or undefined. */
export function adviceOnDataset(name: string): string | undefined {
  const word = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return advice.find(([names]) => names.split(' ').includes(word))?.[1];
}
