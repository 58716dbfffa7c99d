/** A JSON object. */
export type JsonObject = { readonly [key: string]: unknown };

/** Whether a value is an object with string keys, lists excluded. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Class names of initializers and regularizers that Keras and tfjs write differently. */
const classNames: Readonly<Record<string, string>> = {
  LecunNormal: 'LeCunNormal',
  LecunUniform: 'LeCunUniform',
  OrthogonalInitializer: 'Orthogonal',
  IdentityInitializer: 'Identity',
};

/** Keys whose string values tfjs spells in camel case. */
const enumerations: ReadonlySet<string> = new Set(['data_format', 'mode']);

/** Keys that only say where a class comes from. */
const meaningless: ReadonlySet<string> = new Set(['registered_name', 'module', 'build_config', 'shared_object_id']);

/** `kernel_size` to `kernelSize`. */
export function camelCase(key: string): string {
  return key.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The class that a serialized object names. */
export function classNameOf(value: JsonObject): string | undefined {
  const name = value['class_name'] ?? value['className'];
  return typeof name === 'string' ? name : undefined;
}

/** A value of a Keras configuration, as tfjs spells it. */
export function convertValue(key: string, value: unknown): unknown {
  if (enumerations.has(key) && typeof value === 'string') return camelCase(value);
  if (key === 'distribution') return value === 'truncated_normal' ? 'normal' : value;
  if (!isObject(value)) return value;
  const name = classNameOf(value);
  if (name === undefined) return convertObject(value);
  const config = isObject(value['config']) ? convertObject(value['config']) : {};
  if (name === 'L2') return { className: 'L1L2', config: { l1: 0, l2: config['l2'] } };
  if (name === 'L1') return { className: 'L1L2', config: { l1: config['l1'], l2: 0 } };
  return { className: classNames[name] ?? name, config };
}

/** The values of a configuration, as tfjs spells them and their keys. */
export function convertObject(object: JsonObject): Record<string, unknown> {
  const converted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    if (!meaningless.has(key)) converted[camelCase(key)] = convertValue(key, value);
  }
  return converted;
}
