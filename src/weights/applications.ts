/** The weight files that Keras Applications publishes, trained on ImageNet, for the networks convoy has too. */
import { choiceError } from '../base/errors.js';
import type { Preprocess } from '../contracts/index.js';

/** A published file. */
interface ApplicationFile {
  readonly name: string;
  /** Official address. */
  readonly url: string;
  readonly md5: string;
}

/** A network of Keras Applications. */
export interface Application {
  /** convoy's name of the network. */
  readonly name: string;
  /** Height and width it was trained at. */
  readonly inputSize: number;
  /** With the classifier of the 1,000 ImageNet classes. */
  readonly whole: ApplicationFile;
  /** Without the classifier (and, in VGG, without the hidden dense layers). */
  readonly base: ApplicationFile;
  /** What the weights expect of uint8 RGB pixels, once `applicationWeights` has adjusted them. */
  readonly preprocess: Preprocess;
  /** Adjustment of the file's weights to RGB pixels preprocessed so. */
  readonly adjust?: 'bgrToRgb' | 'varianceOfSquares';
}

/** Mean of ImageNet's training pixels in RGB order, as Keras's `caffe` mode subtracts it (there in BGR order). */
const caffeMean = [123.68, 116.779, 103.939] as const;
/** Keras's `torch` mode: pixels in [0, 1], mean and standard deviation of ImageNet. */
const torchMean = [0.485, 0.456, 0.406] as const;
export const torchDeviation = [0.229, 0.224, 0.225] as const;

const caffe: Preprocess = { scale: [1, 1, 1], offset: caffeMean.map((mean) => -mean) };
const tensorflow: Preprocess = { scale: [1 / 127.5, 1 / 127.5, 1 / 127.5], offset: [-1, -1, -1] };
const torch: Preprocess = {
  scale: torchDeviation.map((deviation) => 1 / (255 * deviation)),
  offset: torchMean.map((mean, channel) => -mean / (torchDeviation[channel] ?? 1)),
};
const none: Preprocess = { scale: [1, 1, 1], offset: [0, 0, 0] };

const bucket = 'https://storage.googleapis.com/tensorflow/keras-applications/';
const efficientNetBucket = 'https://storage.googleapis.com/keras-applications/';

function file(folder: string, name: string, md5: string): ApplicationFile {
  return { name, url: `${folder}${name}`, md5 };
}

/** Both files named in the way most are. */
function files(folder: string, stem: string, whole: string, base: string): Pick<Application, 'whole' | 'base'> {
  const kernels = `${stem}_weights_tf_dim_ordering_tf_kernels`;
  return {
    whole: file(`${bucket}${folder}/`, `${kernels}.h5`, whole),
    base: file(`${bucket}${folder}/`, `${kernels}_notop.h5`, base),
  };
}

function efficientNet(letter: 'b0' | 'b1' | 'b2', inputSize: number, whole: string, base: string): Application {
  return {
    name: `efficientnet-${letter}`,
    inputSize,
    whole: file(efficientNetBucket, `efficientnet${letter}.h5`, whole),
    base: file(efficientNetBucket, `efficientnet${letter}_notop.h5`, base),
    preprocess: none,
    adjust: 'varianceOfSquares',
  };
}

/**
 * The catalog. Addresses and MD5 are those that Keras 3 pins in `keras/src/applications`; for both MobileNets, where
 * Keras pins none, those that MIA (github.com/MIAnalyzer/MIA) pins for the same file names.
 */
export const applications: readonly Application[] = [
  {
    name: 'vgg16',
    inputSize: 224,
    ...files('vgg16', 'vgg16', '64373286793e3c8b2b4e3219cbf3544b', '6d6bbae143d832006294945121d1f1fc'),
    preprocess: caffe,
    adjust: 'bgrToRgb',
  },
  {
    name: 'vgg19',
    inputSize: 224,
    ...files('vgg19', 'vgg19', 'cbe5617147190e668d6c5d5026f83318', '253f8cb515780f3b799900260a226db6'),
    preprocess: caffe,
    adjust: 'bgrToRgb',
  },
  {
    name: 'resnet50',
    inputSize: 224,
    ...files('resnet', 'resnet50', '2cb95161c43110f7111970584f804107', '4d473c1dd8becc155b73f8504c6f6626'),
    preprocess: caffe,
    adjust: 'bgrToRgb',
  },
  {
    name: 'resnet101',
    inputSize: 224,
    ...files('resnet', 'resnet101', 'f1aeb4b969a6efcfb50fad2f0c20cfc5', '88cf7a10940856eca736dc7b7e228a21'),
    preprocess: caffe,
    adjust: 'bgrToRgb',
  },
  {
    name: 'mobilenet-v1',
    inputSize: 224,
    whole: file(`${bucket}mobilenet/`, 'mobilenet_1_0_224_tf.h5', '03394917f9a9ea3362f46332a5b6a215'),
    base: file(`${bucket}mobilenet/`, 'mobilenet_1_0_224_tf_no_top.h5', '725ccbd03d61d7ced5b5c4cd17e7d527'),
    preprocess: tensorflow,
  },
  {
    name: 'mobilenet-v2',
    inputSize: 224,
    whole: file(
      `${bucket}mobilenet_v2/`,
      'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5',
      '321911b381f6fd09b744356f6796ee18',
    ),
    base: file(
      `${bucket}mobilenet_v2/`,
      'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5',
      'f1a68526548f7541cda07e19ba6c85f4',
    ),
    preprocess: tensorflow,
  },
  efficientNet('b0', 224, '902e53a9f72be733fc0bcb005b3ebbac', '50bc09e76180e00e4465e1a485ddc09d'),
  efficientNet('b1', 240, '1d254153d4ab51201f1646940f018540', '74c4e6b3e1f6a1eea24c589628592432'),
  efficientNet('b2', 260, 'b15cce36ff4dcbd00b6dd88e7857a6ad', '111f8e2ac8aa800a7a99e3239f7bfb39'),
  {
    name: 'inception-v3',
    inputSize: 299,
    ...files('inception_v3', 'inception_v3', '9a0d58056eeedaa3f26cb7ebd46da564', 'bcbd6486424b2319ff4ef7d526e38f63'),
    preprocess: tensorflow,
  },
  {
    name: 'densenet121',
    inputSize: 224,
    ...files('densenet', 'densenet121', '9d60b8095a5708f2dcce2bca79d332c7', '30ee3e1110167f948a6b9946edeeb738'),
    preprocess: torch,
  },
];

/**
 * The application of that name.
 *
 * @throws ConvoyError `CONVOY_OPTION` when there are no published weights for it.
 */
export function applicationNamed(name: string): Application {
  const found = applications.find((application) => application.name === name);
  if (found !== undefined) return found;
  throw choiceError('--base with --weights imagenet', name, { known: applications.map((known) => known.name) });
}
