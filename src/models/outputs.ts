import { ConvoyError, combinationError } from '../base/errors.js';
import { sigmoid } from '../base/sigmoid.js';
import type { LayersModel } from '../base/tf.js';
import { levelsOf } from '../boxes/index.js';
import type { LossSpec, StepSpec } from '../contracts/index.js';
import { isModel } from '../layers/index.js';
import { lossNamed, type OutputMeaning } from '../losses/spec/index.js';

/** Values a sample that a model gives, all axes behind the first together. */
export function outputLength(model: LayersModel): number {
  return (model.outputs[0]?.shape ?? []).slice(1).reduce<number>((length, size) => length * (size ?? 1), 1);
}

/**
 * Sizes of what a model gives for a sample, by what the targets are.
 *
 * @param points of a detector.
 */
export function outputShape(
  { targets, classes, image }: Pick<StepSpec, 'targets' | 'classes' | 'image'>,
  points = 0,
): number[] {
  const { height, width, channels } = image;
  if (targets === 'boxes') return [points, 4 + classes];
  if (targets === 'masks') return [height, width, classes];
  return targets === 'pixels' ? [height, width, channels] : [classes];
}

/** Values of a sample that evaluation keeps: of masks a class a pixel, else all outputs. */
export function keptLength({ targets, image }: Pick<StepSpec, 'targets' | 'image'>, model: LayersModel): number {
  return targets === 'masks' ? image.height * image.width : outputLength(model);
}

/** How it is counted whether a sample's outputs are right. */
type Judgement =
  /** The greatest output is that of the class, or of the greatest target. */
  | { readonly by: 'greatest' }
  /** Every output is above the threshold exactly where its target is above 0.5. */
  | { readonly by: 'threshold'; readonly threshold: number };

/**
 * The accuracy that goes with a loss, by Keras's rules for one output (`binary_accuracy`) and one output a class
 * (`categorical_accuracy`); for several labels an image all of them have to be right, scikit-learn's `accuracy_score`.
 */
export function judgement({ loss, targets }: Pick<StepSpec, 'loss' | 'targets'>, outputs: number): Judgement {
  const oneClass = targets !== 'multi-label' || ['softmax', 'margins'].includes(meaningOf(loss));
  if (outputs > 1 && oneClass) return { by: 'greatest' };
  return { by: 'threshold', threshold: outputThreshold({ loss }) };
}

/** Above which a single output, or one of several labels, says yes. */
export function outputThreshold({ loss }: Pick<StepSpec, 'loss'>): number {
  return probable(loss) ? 0.5 : 0;
}

/** Whether outputs lie on the scale of probabilities, and not of logits. */
function probable(loss: LossSpec): boolean {
  return meaningOf(loss) === 'values' || ('fromLogits' in loss && loss.fromLogits === false);
}

function meaningOf(loss: LossSpec): OutputMeaning {
  return lossNamed(loss).outputs;
}

/**
 * What classes' scores the outputs of trained models are: probabilities, logits of a softmax over them, or logits of a
 * sigmoid for each.
 */
type OutputKind = 'probabilities' | 'softmax logits' | 'sigmoid logits';

/** What a model's outputs are, by the loss that it was trained with. */
export function outputKind(loss: LossSpec, outputs: number): OutputKind {
  if ('fromLogits' in loss && loss.fromLogits === false) return 'probabilities';
  if (outputs === 1) return meaningOf(loss) === 'values' ? 'probabilities' : 'sigmoid logits';
  return meaningOf(loss) === 'sigmoid' ? 'sigmoid logits' : 'softmax logits';
}

/**
 * Scores of all classes, from one output a class or, for two, from a single one.
 *
 * @param outputs [n, outputs].
 * @returns [n, classes]: logits of a softmax where `fromLogits`, else probabilities.
 * @throws ConvoyError `CONVOY_MODEL` where a single output stands for more than two classes.
 */
export function classScores(
  outputs: Float32Array,
  { loss, width, classes }: { readonly loss: LossSpec; readonly width: number; readonly classes: number },
): { readonly scores: Float32Array; readonly fromLogits: boolean } {
  const kind = outputKind(loss, width);
  if (width > 1) {
    return {
      scores: kind === 'sigmoid logits' ? outputs.map(sigmoid) : outputs,
      fromLogits: kind === 'softmax logits',
    };
  }
  if (classes !== 2) {
    throw new ConvoyError(
      'CONVOY_MODEL',
      `Expected a model with an output for each of ${classes} classes but found one output`,
    );
  }
  // softmax(0, z) is (1 - sigmoid z, sigmoid z), but keeps its digits.
  const fromLogits = kind === 'sigmoid logits';
  const scores = new Float32Array(2 * outputs.length);
  for (const [sample, output] of outputs.entries()) {
    const second = fromLogits ? output : Math.min(1, Math.max(0, output));
    scores.set([fromLogits ? 0 : 1 - second, second], 2 * sample);
  }
  return { scores, fromLogits };
}

/** Probabilities of a row of `classScores`. */
export function probabilities(row: Float32Array, fromLogits: boolean): number[] {
  if (!fromLogits) return [...row];
  const highest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Array.from(row, (logit) => Math.exp(logit - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/**
 * @throws ConvoyError `CONVOY_MODEL` where a model's outputs cannot be what the loss and the classes ask for.
 */
export function checkOutputs(
  model: LayersModel,
  spec: Pick<StepSpec, 'loss' | 'targets' | 'classes'> & Partial<Pick<StepSpec, 'image'>>,
): void {
  const { loss, targets, classes, image } = spec;
  if (targets === 'boxes' || lossNamed(loss).boxes) return checkDetector(model, spec);
  if (image !== undefined && (targets === 'masks' || targets === 'pixels')) {
    checkImages(model, { ...spec, image });
    return;
  }
  const width = outputLength(model);
  const fail = (expected: string): never => {
    throw new ConvoyError(
      'CONVOY_MODEL',
      `Expected ${expected} but ${model.name} gives ${width} for ${classes} classes`,
      { place: model.name },
    );
  };
  if (width === classes) return;
  if (width !== 1 || targets !== 'classes') fail('one output a class');
  if (meaningOf(loss) === 'softmax')
    fail(
      `one output a class for ${loss.name}, which of a single output is always the same (binaryCrossEntropy takes one for two classes),`,
    );
  if (classes > 2 && !['values', 'any'].includes(meaningOf(loss)))
    fail(`one output a class for ${loss.name} of more than two`);
}

/** @throws ConvoyError `CONVOY_MODEL`, `CONVOY_OPTION` where data, model and loss are not all of a detector. */
function checkDetector(
  model: LayersModel,
  { loss, targets, classes, image }: Pick<StepSpec, 'loss' | 'targets' | 'classes'> & Partial<Pick<StepSpec, 'image'>>,
): void {
  if (targets !== 'boxes') throw combinationError(`loss ${loss.name}`, 'needs', 'a dataset with boxes');
  if (!lossNamed(loss).boxes)
    throw combinationError(
      'a dataset with boxes',
      'needs',
      'the loss detection, multibox for ssdlite, or regionProposal for rpn',
    );
  const [points = 0, length = 0, ...rest] = (model.outputs[0]?.shape ?? []).slice(1).map((size) => size ?? 0);
  const { boxesPerCell = 1, network = 'detector' } = lossNamed(loss).detector ?? {};
  const fits = rest.length === 0 && length === 4 + classes;
  if (fits && (image === undefined || levelsOf(image, points / boxesPerCell) !== undefined)) return;
  const found = [points, length, ...rest].join(', ');
  const each = boxesPerCell === 1 ? 'a point' : `${boxesPerCell} boxes`;
  const expected = `a detector for loss ${loss.name}, as ${network}, with outputs [batch, points, ${4 + classes}] (a box and ${classes} classes), ${each} for each cell of its feature maps,`;
  throw new ConvoyError('CONVOY_MODEL', `Expected ${expected} but ${model.name} gives [batch, ${found}]`, {
    place: model.name,
  });
}

/** @throws ConvoyError `CONVOY_MODEL` where a model does not give an image of the size that it takes. */
function checkImages(model: LayersModel, spec: Pick<StepSpec, 'loss' | 'targets' | 'classes' | 'image'>): void {
  const found = (model.outputs[0]?.shape ?? []).slice(1);
  const expected = outputShape(spec);
  const single = spec.targets === 'masks' && spec.classes === 2 && found.at(-1) === 1;
  const sizes = single ? [...expected.slice(0, -1), 1] : expected;
  if (found.length === sizes.length && sizes.every((size, axis) => size === found[axis])) {
    if (single && meaningOf(spec.loss) === 'softmax') {
      const text = `Expected two outputs a pixel for ${spec.loss.name}, which of a single output is always the same, but ${model.name} gives one`;
      throw new ConvoyError('CONVOY_MODEL', text, { place: model.name });
    }
    return;
  }
  const what = spec.targets === 'masks' ? 'a network for masks' : 'a network that gives an image';
  const known = spec.targets === 'masks' ? 'unet' : 'autoencoder';
  const text = `Expected ${what}, as ${known}, with outputs [batch, ${expected.join(', ')}], but ${model.name} gives [batch, ${found.join(', ')}]`;
  throw new ConvoyError('CONVOY_MODEL', text, { place: model.name });
}

/** Layers that may stand between a softmax and a model's output without changing what it gives. */
const passing: ReadonlySet<string> = new Set(['Identity', 'Dropout', 'Flatten', 'Reshape']);

/** Whether a model's outputs are probabilities, as its last layer's activation makes them: of a model within it too. */
export function givesProbabilities({ outputs }: Pick<LayersModel, 'outputs'>): boolean {
  let tensor = outputs[0];
  while (tensor !== undefined && passing.has(tensor.sourceLayer.getClassName())) {
    tensor = tensor.sourceLayer.inboundNodes[tensor.nodeIndex ?? 0]?.inputTensors[0];
  }
  const layer = tensor?.sourceLayer;
  if (layer === undefined) return false;
  if (isModel(layer)) return givesProbabilities(layer);
  const activation = layer.getConfig()['activation'];
  return activation === 'softmax' || activation === 'sigmoid' || layer.getClassName() === 'Softmax';
}

/** A loss that chooses at random, told to take all; another as it is. */
export function withoutDraws<Spec extends LossSpec>(loss: Spec): Spec {
  return { ...loss, ...lossNamed(loss).detector?.takesAll };
}
