import { z } from 'zod';
import { valueError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import { parseOptions } from '../base/validate.js';
import { initializerNames } from './initializers.js';

/** What every network takes: the input's size and the number of classes; further options are the network's own. */
export interface ModelOptions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
  readonly [option: string]: unknown;
}

/** Size of the input image and number of classes. */
export interface NetworkShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
}

/** An option of a network, for help texts. */
interface NetworkOption {
  readonly name: string;
  readonly description: string;
  readonly default: unknown;
}

/** A network of the registry. */
export interface Network {
  /** Its name on the command line and in recipes. */
  readonly name: string;
  readonly title: string;
  /** The paper, or the implementation whose layers, names and parameter counts it has. */
  readonly source: string;
  /** Smallest height and width it can be built for. */
  readonly smallestInput: number;
  /** Height and width of its source. */
  readonly defaultInput: number;
  readonly defaultChannels: number;
  readonly defaultClasses: number;
  /**
   * What it gives: a score for each class, for each class of each pixel, boxes with a score for
   * each class, or an image of the size of its input.
   */
  readonly gives: 'classes' | 'masks' | 'boxes' | 'image';
  readonly options: readonly NetworkOption[];
  /**
   * Builds it. The weights' values are unspecified: set them from `initialWeights` or a file.
   *
   * @throws ConvoyError `CONVOY_OPTION` for an unknown, ill-typed or out-of-range option.
   */
  create(options: ModelOptions): LayersModel;
}

/** A positive integer option. */
export const count = (value: number, description: string) =>
  z.int().min(1).max(65_536).default(value).describe(description);
/** A factor on the number of channels. */
export const multiplier = (value: number, description = 'factor on every number of channels') =>
  z.number().min(0.01).max(64).default(value).describe(description);
/** The rate of a dropout, 0 to leave it out. */
export const dropoutRate = (value: number, description = 'dropout rate') =>
  z.number().min(0).lt(1).default(value).describe(description);
/** A yes or no option. */
export const flag = (value: boolean, description: string) => z.boolean().default(value).describe(description);
/** The initialiser of kernels. */
export const initializer = (value: (typeof initializerNames)[number]) =>
  z
    .enum(initializerNames)
    .default(value)
    .describe('initialiser of kernels (biases start at zero, except with pytorchUniform)');

const shapeOptions = {
  height: z.int().min(1).max(8_192),
  width: z.int().min(1).max(8_192),
  channels: z.int().min(1).max(1_024),
  classes: z.int().min(1).max(1_000_000),
};

/** Options as a reader of messages and help knows them. */
interface NetworkDefinition<Options extends z.ZodRawShape> {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** A number, or one that depends on the network's options. */
  readonly smallestInput: number | ((options: z.infer<z.ZodObject<Options>>) => number);
  readonly defaultInput: number;
  readonly defaultChannels?: number;
  readonly defaultClasses?: number;
  readonly gives?: Network['gives'];
  readonly options: Options;
  readonly build: (shape: NetworkShape, options: z.infer<z.ZodObject<Options>>) => LayersModel;
}

/** Turns a definition into a registry entry whose `create` checks the options and fills in the defaults. */
export function defineNetwork<Options extends z.ZodRawShape>(definition: NetworkDefinition<Options>): Network {
  const shapeSchema = z.object(shapeOptions);
  const ownSchema = z.strictObject(definition.options);
  const { name, title, source, defaultInput } = definition;
  const smallest = (own: z.infer<z.ZodObject<Options>>): number =>
    typeof definition.smallestInput === 'number' ? definition.smallestInput : definition.smallestInput(own);
  return {
    name,
    title,
    source,
    smallestInput:
      typeof definition.smallestInput === 'number'
        ? definition.smallestInput
        : smallest(parseOptions(ownSchema, {}, name)),
    defaultInput,
    defaultChannels: definition.defaultChannels ?? 3,
    defaultClasses: definition.defaultClasses ?? 1000,
    gives: definition.gives ?? 'classes',
    options: Object.entries(ownSchema.shape).map(([option, schema]) => describeOption(option, schema)),
    create(options) {
      const { height, width, channels, classes, ...rest } = options;
      const given: Record<string, unknown> = { height, width, channels, classes };
      const shape = parseOptions(shapeSchema, given, name);
      const own = parseOptions(ownSchema, rest, name);
      const smallestInput = smallest(own);
      if (Math.min(shape.height, shape.width) < smallestInput) {
        throw valueError(
          `the images of ${name}`,
          `height and width of at least ${smallestInput} (--image-size in a command line)`,
          [shape.height, shape.width],
        );
      }
      return definition.build(shape, own);
    },
  };
}

function describeOption(name: string, schema: z.core.$ZodType): NetworkOption {
  const value = z.safeParse(schema, undefined);
  const description = schema instanceof z.ZodType ? (schema.description ?? '') : '';
  return { name, description, default: value.success ? value.data : undefined };
}
