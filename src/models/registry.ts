import { choiceError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { ModelOptions, Network } from './define.js';
import { alexnet } from './networks/alexnet.js';
import { autoencoder } from './networks/autoencoder.js';
import { cifarResNets } from './networks/cifar-resnet.js';
import { cifar10Fast } from './networks/cifar10-fast.js';
import { custom } from './networks/custom.js';
import { densenet121, densenetBc } from './networks/densenet.js';
import { detector } from './networks/detector.js';
import { efficientNets } from './networks/efficientnet.js';
import { googlenet } from './networks/googlenet.js';
import { inceptionV3 } from './networks/inception-v3.js';
import { lenet5 } from './networks/lenet5.js';
import { mlp } from './networks/mlp.js';
import { mobilenetV1, mobilenetV2 } from './networks/mobilenet.js';
import { cifar10Cnn, fashionMnistCnn, mnistCnn, shapesCnn } from './networks/recipe-cnns.js';
import { resNets } from './networks/resnet.js';
import { rpn } from './networks/rpn.js';
import { squeezenet } from './networks/squeezenet.js';
import { ssdlite } from './networks/ssdlite.js';
import { unet } from './networks/unet.js';
import { vggs } from './networks/vgg.js';
import { visionTransformers } from './networks/vit.js';

/** Every network convoy can build by name. */
export const networks: readonly Network[] = [
  shapesCnn,
  mnistCnn,
  fashionMnistCnn,
  cifar10Cnn,
  cifar10Fast,
  mlp,
  lenet5,
  alexnet,
  ...vggs,
  ...resNets,
  ...cifarResNets,
  squeezenet,
  googlenet,
  inceptionV3,
  mobilenetV1,
  mobilenetV2,
  ...efficientNets,
  densenet121,
  densenetBc,
  ...visionTransformers,
  unet((name) => networkNamed(name)),
  detector((name) => networkNamed(name)),
  ssdlite((name) => networkNamed(name)),
  rpn,
  autoencoder,
  custom,
];

/**
 * The network called `name`.
 *
 * @throws ConvoyError `CONVOY_OPTION` when there is none of that name.
 */
export function networkNamed(name: string): Network {
  const network = networks.find((candidate) => candidate.name === name);
  if (network === undefined)
    throw choiceError('model', name, {
      known: networks.map((known) => known.name),
      what: 'network',
      list: 'convoy model',
    });
  return network;
}

/**
 * Builds the network called `name`, ending in logits. The values of its weights are unspecified: set them from
 * `initialWeights` or from a file.
 *
 * @throws ConvoyError `CONVOY_OPTION` for an unknown network or option, or a value out of range.
 */
export function createModel(name: string, options: ModelOptions): LayersModel {
  return networkNamed(name).create(options);
}
