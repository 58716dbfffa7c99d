/** Wrong command lines of `convoy train` with a dataset. `...` stands for any text, as in `commands.ts`. */
import type { WrongInput } from './commands.js';

export const wrongDatasets: readonly WrongInput[] = [
  [
    'train --dataset ./fotos',
    2,
    'error: ./fotos: expected a folder or archive of images but found no such file or folder; did you mean photos?',
  ],
  [
    'train --dataset cifra10',
    2,
    'error: Expected one of shapes, ..., or the path of a folder or archive of images, for --dataset but received "cifra10"; did you mean cifar10?',
  ],
  [
    'train --dataset MNIST',
    2,
    'error: Expected one of shapes, ..., or the path of a folder or archive of images, for --dataset but received "MNIST"; did you mean mnist?',
  ],
  [
    'train --dataset images --image-size 8x8x8',
    2,
    'error: Expected a side as 224, or height and width as 224x192 for --image-size but received "8x8x8"',
  ],
  [
    'train --dataset images --image-size 8 --model resnet19',
    2,
    'error: Expected the name of a network, or the path of a model file, for --model but received "resnet19"; did you mean resnet18? (convoy model lists all ...)',
  ],
  [
    'train --dataset images --image-size 8 --model mlp:hiden=[8]',
    2,
    'error: Unknown option "hiden" of mlp; did you mean hidden? (it takes hidden, activation, dropout, widthFactor, initializer)',
  ],
  [
    'train --dataset images --image-size 8 --limit 5 --shards 6 --model mlp',
    2,
    'error: Expected at most 5 (the training samples) for shards but received 6',
  ],
  [
    'train --dataset images --image-size 8 --model mlp --loss crossEntropy:classWeights=[1,2,3]',
    2,
    'error: Expected 2 numbers, one for each class, for loss.classWeights but received [1, 2, 3]',
  ],
  [
    'train --dataset images --image-size 8 --model mlp --classes dark,lite',
    2,
    'error: Expected names among dark, light for --classes but received "lite"',
  ],
  [
    'train --data-dir /nowhere --dataset shapes',
    2,
    'error: Expected a folder that exists for --data-dir but received "/nowhere"',
  ],
  [
    'train --dataset empty',
    1,
    'error: .../empty: expected images in folders of their classes, as dog/1.jpg or train/dog/1.jpg, but found none',
  ],
  [
    'train --dataset imagenet',
    2,
    'error: Expected one of shapes, ..., or a path, for --dataset but received "imagenet"; ImageNet may not be downloaded freely: lay its images out as train/CLASS/... and test/CLASS/... and give the path of that folder',
  ],
  [
    'train --dataset coco',
    2,
    'error: Expected one of shapes, ..., or a path, for --dataset but received "coco"; convoy classifies images: it has no detection or segmentation',
  ],
  [
    'train --model network.json --dataset images --image-size 8',
    2,
    'error: Expected the name of a layer for the type of layer conv_1 but received "conv"; did you mean conv2d? (docs/networks.md lists all ...)',
  ],
  [
    'train --model resnet18 --dataset images --image-size 8 --weights imagenet',
    2,
    'error: --weights imagenet needs a base: --base resnet18 instead of --model resnet18',
  ],
];
