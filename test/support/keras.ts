import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { LossSpec } from '../../src/contracts/index.js';
import { readSafetensors } from '../../src/weights/index.js';

type Layer = LayersModel['layers'][number];

/** Compiled tests lie in dist/test/support, fixtures in test/fixtures. */
export const fixtures = new URL('../../../test/fixtures/', import.meta.url);

/** What Keras computed for a model (see ../shared's parity cases: gradients of the first batch, 20 steps). */
export interface KerasCase {
  readonly name: string;
  readonly model: LayersModel;
  readonly loss: LossSpec;
  readonly expected: {
    readonly loss: number;
    readonly trajectory: readonly number[];
    readonly batch: number;
    readonly inference_output_first_4: readonly (readonly number[])[];
    readonly final_inference_output_first_4: readonly (readonly number[])[];
  };
  /** Weights by `layer/weight`. */
  readonly initial: ReadonlyMap<string, Float32Array>;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly final: ReadonlyMap<string, Float32Array>;
  /** What Keras computes in float64, where its float32 is itself far from that: fixtures/parity/float64.py. */
  readonly exact: {
    /** The images of the gradients, by none of which a ReLU or a maximum comes near its kink, and their loss. */
    readonly begin: number;
    readonly count: number;
    readonly loss: number;
    readonly gradients: ReadonlyMap<string, Float32Array>;
    /** Losses of the first steps, of as many as rounding does not decide. */
    readonly trajectory: readonly number[];
  };
}

/** Losses of a training's first steps, and what these end with where rounding does not decide that. */
export interface TrajectoryCase {
  readonly model: LayersModel;
  readonly loss: LossSpec;
  readonly batch: number;
  readonly initial: ReadonlyMap<string, Float32Array>;
  readonly losses: readonly number[];
  readonly end?: {
    readonly weights: ReadonlyMap<string, Float32Array>;
    /** For the first 4 images. */
    readonly outputs: readonly (readonly number[])[];
  };
}

async function tensors(folder: string, file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const { tensors } = await readSafetensors(new URL(`parity/${folder}/${file}.safetensors`, fixtures).pathname);
  return new Map(
    tensors.map(({ name, data }) => [
      name.replace(/^sequential\//, '').replace('dw/kernel', 'dw/depthwise_kernel'),
      data,
    ]),
  );
}

const json = (file: string): unknown => JSON.parse(readFileSync(new URL(`parity/${file}`, fixtures), 'utf8'));

async function open(name: string, model: LayersModel, loss: LossSpec): Promise<KerasCase> {
  const expected = json(`${name}/expected.json`) as KerasCase['expected'];
  const [initial, gradients, final] = await Promise.all([
    tensors(name, 'initial'),
    tensors(name, 'gradients'),
    tensors(name, 'final'),
  ]);
  const exact = { begin: 0, count: expected.batch, loss: expected.loss, gradients, trajectory: expected.trajectory };
  return { name, model, loss, expected, initial, gradients, final, exact };
}

type TrajectoryJson = Pick<KerasCase['expected'], 'trajectory' | 'final_inference_output_first_4'>;

/** Two 5x5 convolutions and a softmax; Keras trained it with Adam 0.001 on probabilities. */
export function kerasFashionCnn(): Promise<KerasCase> {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv1', filters: 32, kernelSize: 5, activation: 'relu', inputShape: [28, 28, 1] }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ name: 'conv2', filters: 64, kernelSize: 5, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ name: 'dense', units: 10, activation: 'softmax' }),
    ],
  });
  return open('keras-fashion-cnn', model, { name: 'crossEntropy', fromLogits: false });
}

/** A case's own training. */
export async function trajectoryOf(open: () => Promise<KerasCase>): Promise<TrajectoryCase> {
  const { model, loss, expected, initial, exact, final } = await open();
  const whole = exact.trajectory.length === expected.trajectory.length;
  const end = { weights: final, outputs: expected.final_inference_output_first_4 };
  return { model, loss, batch: expected.batch, initial, losses: exact.trajectory, ...(whole && { end }) };
}

const resnet = 'keras-batchnorm-resnet';
const float64Losses = () =>
  json(`${resnet}/trajectory-float64.json`) as Pick<TrajectoryJson, 'trajectory'> & { readonly smooth: TrajectoryJson };

/** Batch norm, a strided shortcut, depthwise convolution, both poolings, concatenation; SGD 0.05, momentum 0.9. */
export async function kerasBatchNormResnet(): Promise<KerasCase> {
  const { layers } = tf;
  const model = batchNormResnet(
    () => layers.reLU(),
    () => layers.maxPooling2d({ poolSize: 2 }),
  );
  const which = json(`${resnet}/gradients-float64.json`) as Pick<KerasCase['exact'], 'begin' | 'count' | 'loss'>;
  const gradients = await tensors(resnet, 'gradients-float64');
  const exact = { ...which, gradients, trajectory: float64Losses().trajectory };
  return { ...(await open(resnet, model, { name: 'crossEntropy' })), exact };
}

/** The same network with ELUs for its ReLUs and averages for its maxima: without kinks, so that rounding stays what it is. */
export async function kerasSmoothResnet(): Promise<TrajectoryCase> {
  const { layers } = tf;
  const { loss, expected, initial } = await kerasBatchNormResnet();
  const { smooth } = float64Losses();
  return {
    model: batchNormResnet(
      () => layers.elu(),
      () => layers.averagePooling2d({ poolSize: 2 }),
    ),
    loss,
    batch: expected.batch,
    initial,
    losses: smooth.trajectory,
    end: { weights: await tensors(resnet, 'smooth-final-float64'), outputs: smooth.final_inference_output_first_4 },
  };
}

function batchNormResnet(activation: () => Layer, pooling: () => Layer): LayersModel {
  const { layers } = tf;
  const conv = (name: string, filters: number, kernelSize: number, strides: number) =>
    layers.conv2d({ name, filters, kernelSize, strides, padding: 'same', useBias: false });
  const bn = (name: string) => layers.batchNormalization({ name });
  const input = tf.input({ shape: [28, 28, 1] });
  let x = conv('stem', 8, 3, 1).apply(input);
  x = bn('stem_bn').apply(x);
  const stem = activation().apply(x);
  x = conv('a1', 16, 3, 2).apply(stem);
  x = bn('a1_bn').apply(x);
  x = activation().apply(x);
  x = conv('a2', 16, 3, 1).apply(x);
  x = bn('a2_bn').apply(x);
  const short = bn('short_bn').apply(conv('short', 16, 1, 2).apply(stem));
  x = layers.add().apply([x, short] as ReturnType<typeof tf.input>[]);
  const sum = activation().apply(x);
  const dw = layers.depthwiseConv2d({ name: 'dw', kernelSize: 3, padding: 'same' }).apply(sum);
  const pooled = [pooling().apply(sum), layers.averagePooling2d({ poolSize: 2 }).apply(dw)] as ReturnType<
    typeof tf.input
  >[];
  const joined = layers.concatenate().apply(pooled);
  const features = layers.globalAveragePooling2d({}).apply(joined);
  const output = layers.dense({ name: 'head', units: 10 }).apply(features) as ReturnType<typeof tf.input>;
  return tf.model({ inputs: input, outputs: output });
}

/** The first 1,280 images of Fashion-MNIST's test set in file order: 20 batches of 64. */
export function fashionImages(): { pixels: Uint8Array; labels: Uint8Array } {
  const bytes = gunzipSync(readFileSync(new URL('parity/fashion-t10k-first-1280.gz', fixtures)));
  return { labels: bytes.subarray(0, 1280), pixels: bytes.subarray(1280) };
}
