import { ConvoyError } from '../base/errors.js';

/** A JSON object. */
export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An error about one layer of a model file. */
export function layerError(
  file: string,
  layer: string,
  expected: string,
  found: unknown,
  cause?: unknown,
): ConvoyError {
  const shown = typeof found === 'string' ? found : (JSON.stringify(found) ?? String(found));
  const text = shown.length > 120 ? `${shown.slice(0, 117)}...` : shown;
  return new ConvoyError(
    'CONVOY_MODEL',
    `${file}: layer ${layer}: expected ${expected} but found ${text}`,
    { file, place: layer },
    cause,
  );
}

/** Class names that Keras 3 and tfjs write differently. */
const classNames: Readonly<Record<string, string>> = {
  LecunNormal: 'LeCunNormal',
  LecunUniform: 'LeCunUniform',
  OrthogonalInitializer: 'Orthogonal',
  IdentityInitializer: 'Identity',
  L1: 'L1L2',
  L2: 'L1L2',
};

/** Activations whose Keras 3 name tfjs does not know. */
const activations: Readonly<Record<string, string>> = {
  silu: 'swish',
  log_softmax: 'logSoftmax',
  hard_sigmoid: 'hardSigmoid',
};

/** Keys of Keras configurations that say nothing about the computation, or that tfjs derives itself. */
const dropped = new Set([
  'dtype',
  'registered_name',
  'module',
  'build_config',
  'shared_object_id',
  'optional',
  'sparse',
  'ragged',
]);

/** Keys whose string values tfjs spells in camel case. */
const enumerations = new Set(['data_format', 'mode']);

/**
 * A layer's class and configuration as tfjs takes them, from Keras 2, Keras 3 or tfjs JSON. `inputShape` is Keras 3's
 * `build_config.input_shape`, which one kind of layer needs.
 *
 * @throws ConvoyError `CONVOY_MODEL` for settings that tfjs would silently leave out.
 */
export function tfjsLayerConfig(
  file: string,
  className: string,
  config: JsonObject,
  inputShape?: unknown,
): { className: string; config: Record<string, unknown> } {
  const layer = String(config['name'] ?? className);
  const converted = convertObject(config);
  if (Array.isArray(config['batch_shape'])) {
    delete converted['batchShape'];
    converted['batchInputShape'] = config['batch_shape'];
  }
  const axis = config['axis'];
  if (Array.isArray(axis) && axis.length === 1) converted['axis'] = axis[0];
  if (typeof config['groups'] === 'number' && config['groups'] !== 1) {
    throw layerError(file, layer, 'a convolution of one group', `groups ${config['groups']}`);
  }
  if (config['renorm'] === true) throw layerError(file, layer, 'batch normalization without renorm', 'renorm true');
  if (config['rms_scaling'] === true) throw layerError(file, layer, 'layer normalization without rms_scaling', 'true');
  // Keras 3, known by its dtype policies, has another hard sigmoid than Keras 2 and tfjs: relu6(x + 3) / 6.
  if (isObject(config['dtype']) && config['activation'] === 'hard_sigmoid') {
    throw layerError(file, layer, 'an activation that tfjs has alike', "Keras 3's hard_sigmoid");
  }
  if (config['keepdims'] === true) return keptPooling(file, layer, className, converted, inputShape);
  if (className === 'ReLU') return rectifier(file, layer, config, converted);
  if (className === 'LeakyReLU') {
    const { negativeSlope, alpha, ...rest } = converted;
    return { className, config: { ...rest, alpha: alpha ?? negativeSlope ?? 0.3 } };
  }
  return { className: className === 'Functional' ? 'Model' : className, config: converted };
}

/** A global pooling that keeps height and width as 1 is a pooling over the whole image. */
function keptPooling(
  file: string,
  layer: string,
  className: string,
  { name, trainable }: Record<string, unknown>,
  inputShape: unknown,
): { className: string; config: Record<string, unknown> } {
  const kind = /^Global(Average|Max)Pooling2D$/.exec(className)?.[1];
  const [, height, width]: unknown[] = Array.isArray(inputShape) ? inputShape : [];
  if (kind === undefined || typeof height !== 'number' || typeof width !== 'number') {
    throw layerError(file, layer, 'keepdims false, or the shape of its input in build_config', 'keepdims true');
  }
  const poolSize = [height, width];
  return { className: `${kind}Pooling2D`, config: { name, trainable, poolSize, strides: poolSize, padding: 'valid' } };
}

/** Keras's ReLU has a slope and a threshold that tfjs's has not: its other rectifiers have one each. */
function rectifier(
  file: string,
  layer: string,
  config: JsonObject,
  converted: Record<string, unknown>,
): { className: string; config: Record<string, unknown> } {
  const { maxValue, negativeSlope, threshold, ...rest } = converted;
  const slope = Number(negativeSlope ?? 0);
  const theta = Number(threshold ?? 0);
  if (slope === 0 && theta === 0) {
    return { className: 'ReLU', config: maxValue === null || maxValue === undefined ? rest : { ...rest, maxValue } };
  }
  if ((maxValue === null || maxValue === undefined) && theta === 0) {
    return { className: 'LeakyReLU', config: { ...rest, alpha: slope } };
  }
  if ((maxValue === null || maxValue === undefined) && slope === 0) {
    return { className: 'ThresholdedReLU', config: { ...rest, theta } };
  }
  throw layerError(file, layer, 'a ReLU with one of max_value, negative_slope and threshold', config);
}

function convertObject(object: JsonObject): Record<string, unknown> {
  const converted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    if (dropped.has(key)) continue;
    converted[camelCase(key)] = convertValue(key, value);
  }
  return converted;
}

function convertValue(key: string, value: unknown): unknown {
  if (key === 'activation' && typeof value === 'string') return activations[value] ?? value;
  if (enumerations.has(key) && typeof value === 'string') return camelCase(value);
  if (key === 'distribution') return value === 'truncated_normal' ? 'normal' : value;
  if (!isObject(value)) return value;
  // An initialiser, regulariser, constraint or activation object.
  const name = value['class_name'] ?? value['className'];
  if (typeof name !== 'string') return convertObject(value);
  if (key === 'activation' && value['module'] === 'builtins') return convertValue(key, value['config']);
  const config = isObject(value['config']) ? convertObject(value['config']) : {};
  if (name === 'L2') return { className: 'L1L2', config: { l1: 0, l2: config['l2'] } };
  if (name === 'L1') return { className: 'L1L2', config: { l1: config['l1'], l2: 0 } };
  return { className: classNames[name] ?? name, config };
}

function camelCase(key: string): string {
  return key.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
