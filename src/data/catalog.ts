import type { ImageShape } from '../contracts/index.js';
import { cifar100Classes } from './cifar100-classes.js';
import {
  cifar10Layout,
  cifar10Python,
  cifar100Layout,
  cifar100Python,
  cifarBinary,
  cifarPython,
  type DatasetFormat,
  digitScenes,
  idx,
  imageArchive,
  imageFolder,
  type KnownDataset,
  shapeKinds,
  shapeScenes,
  shapes,
} from './formats/index.js';

/** One file of a dataset at its official address. */
export interface CatalogFile {
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  /** Of the file as published there, hexadecimal. */
  readonly sha256: string;
}

/** A dataset that convoy knows by name. */
export interface CatalogEntry extends KnownDataset {
  readonly title: string;
  /** Formats it is published in, in the order in which a place is searched for them. */
  readonly formats: readonly DatasetFormat[];
  /** Folders it is known to lie in below a data folder, the first is convoy's own. */
  readonly folders: readonly string[];
  readonly files: readonly CatalogFile[];
  /** Per channel over the training images, of pixels scaled to [0, 1]. */
  readonly mean: readonly number[];
  readonly standardDeviation: readonly number[];
}

/** Names, sizes and SHA-256 of four IDX files below one address. */
function idxFiles(base: string, facts: readonly (readonly [string, number, string])[]): CatalogFile[] {
  return facts.map(([name, bytes, sha256]) => ({ name, url: base + name, bytes, sha256 }));
}

const grey28: ImageShape = { height: 28, width: 28, channels: 1 };
const colour32: ImageShape = { height: 32, width: 32, channels: 3 };

/**
 * Every dataset that convoy opens by name.
 *
 * Sizes and checksums are those TensorFlow Datasets pins for the same files (Fashion-MNIST's bucket is here addressed by
 * https). Means and deviations of the drawn images, MNIST and Fashion-MNIST were computed from the training images; those
 * of CIFAR are the customary published ones.
 */
export const catalog: readonly CatalogEntry[] = [
  {
    name: 'shapes',
    title: 'ten kinds of drawn shapes, made on the spot',
    formats: [shapes],
    classes: shapeKinds,
    shape: colour32,
    trainCount: 6000,
    testCount: 1000,
    folders: [],
    files: [],
    mean: [0.3166, 0.3166, 0.3166],
    standardDeviation: [0.2407, 0.2407, 0.2407],
  },
  {
    name: 'shapes-scenes',
    title: 'scenes of drawn shapes with masks and boxes, made on the spot',
    formats: [shapeScenes],
    classes: ['ground', ...shapeKinds],
    shape: { height: 96, width: 96, channels: 3 },
    trainCount: 10_000,
    testCount: 1000,
    folders: [],
    files: [],
    mean: [0.2896, 0.2896, 0.2896],
    standardDeviation: [0.2266, 0.2266, 0.2266],
  },
  {
    name: 'digits-scenes',
    title: "scenes composed of MNIST's digits, with masks and boxes",
    formats: [digitScenes],
    classes: ['ground', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    shape: { height: 128, width: 128, channels: 1 },
    trainCount: 10_000,
    testCount: 1000,
    folders: [],
    files: [],
    mean: [0.0442],
    standardDeviation: [0.179],
  },
  {
    name: 'mnist',
    title: 'MNIST handwritten digits',
    formats: [idx],
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    shape: grey28,
    trainCount: 60_000,
    testCount: 10_000,
    folders: ['mnist', 'MNIST/raw', 'MNIST'],
    files: idxFiles('https://storage.googleapis.com/cvdf-datasets/mnist/', [
      ['train-images-idx3-ubyte.gz', 9_912_422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'],
      ['train-labels-idx1-ubyte.gz', 28_881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'],
      ['t10k-images-idx3-ubyte.gz', 1_648_877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'],
      ['t10k-labels-idx1-ubyte.gz', 4_542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'],
    ]),
    mean: [0.1307],
    standardDeviation: [0.3081],
  },
  {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST, articles of clothing',
    formats: [idx],
    classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
    shape: grey28,
    trainCount: 60_000,
    testCount: 10_000,
    folders: ['fashion-mnist', 'FashionMNIST/raw', 'FashionMNIST'],
    files: idxFiles('https://fashion-mnist.s3.eu-central-1.amazonaws.com/', [
      ['train-images-idx3-ubyte.gz', 26_421_880, '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84'],
      ['train-labels-idx1-ubyte.gz', 29_515, 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845'],
      ['t10k-images-idx3-ubyte.gz', 4_422_102, '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073'],
      ['t10k-labels-idx1-ubyte.gz', 5_148, '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'],
    ]),
    mean: [0.286],
    standardDeviation: [0.353],
  },
  {
    name: 'cifar10',
    title: 'CIFAR-10, small photographs of ten kinds of things',
    formats: [cifarBinary(cifar10Layout), cifarPython(cifar10Python), imageArchive, imageFolder],
    classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
    shape: colour32,
    trainCount: 50_000,
    testCount: 10_000,
    folders: ['cifar10', 'cifar-10', 'cifar-10-batches-bin', 'cifar-10-batches-py'],
    files: [
      {
        name: cifar10Layout.archive,
        url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
        bytes: 170_052_171,
        sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      },
    ],
    mean: [0.4914, 0.4822, 0.4465],
    standardDeviation: [0.247, 0.2435, 0.2616],
  },
  {
    name: 'cifar100',
    title: 'CIFAR-100, small photographs of a hundred kinds of things',
    formats: [cifarBinary(cifar100Layout), cifarPython(cifar100Python), imageArchive, imageFolder],
    classes: cifar100Classes,
    shape: colour32,
    trainCount: 50_000,
    testCount: 10_000,
    folders: ['cifar100', 'cifar-100', 'cifar-100-binary', 'cifar-100-python'],
    files: [
      {
        name: cifar100Layout.archive,
        url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
        bytes: 168_513_733,
        sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
      },
    ],
    mean: [0.5071, 0.4865, 0.4409],
    standardDeviation: [0.2673, 0.2564, 0.2762],
  },
];

/** The catalog's entry of that name, if it has one. */
export function catalogEntry(name: string): CatalogEntry | undefined {
  return catalog.find((entry) => entry.name === name);
}
