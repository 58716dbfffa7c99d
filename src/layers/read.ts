import { type ArgumentRule, type ConvertedLayer, commonArguments, type Dialect } from './arguments.js';
import type { LayerDefinition } from './definition.js';
import { layerError } from './errors.js';
import { camelCase, convertValue, type JsonObject } from './values.js';

/** Where a layer's configuration stands. */
interface LayerPlace {
  readonly file: string;
  readonly layer: string;
  readonly dialect: Dialect;
  /** Keras 3's `build_config.input_shape`. */
  readonly inputShape?: unknown;
}

/**
 * A layer's class and configuration as tfjs takes them, from Keras 2, Keras 3 or tfjs JSON.
 *
 * @throws ConvoyError `CONVOY_MODEL` naming layer and argument for one that is not known, or has a value that is not.
 */
export function readLayer(
  definition: LayerDefinition,
  given: JsonObject,
  { file, layer, dialect, inputShape }: LayerPlace,
): ConvertedLayer {
  const { className } = definition;
  const refuse = (expected: string, found: unknown): never => {
    throw layerError(file, layer, expected, found);
  };
  const config: Record<string, unknown> = {};
  for (const [argument, value] of Object.entries(given)) {
    const rule = ruleOf(definition, argument);
    if (rule === undefined) {
      if (value === null) continue; // as good as not given
      throw refuse(`arguments that are known of ${className}`, `${argument} ${JSON.stringify(value)}`);
    }
    if (rule.accepts?.(value, dialect) === false) {
      throw refuse(`${argument} ${rule.expected ?? ''}`, typeof value === 'string' ? value : JSON.stringify(value));
    }
    if (!rule.passed) continue;
    config[rule.as ?? camelCase(argument)] = rule.read?.(value, dialect) ?? convertValue(argument, value);
  }
  return definition.convert?.({ given, config, dialect, inputShape, refuse }) ?? { className, config };
}

function ruleOf(definition: LayerDefinition, argument: string): ArgumentRule | undefined {
  for (const rules of [definition.arguments, commonArguments]) {
    if (Object.hasOwn(rules, argument)) return rules[argument];
  }
  return undefined;
}
