import { z } from 'zod';
import { ConvoyError } from '../../base/errors.js';
import { didYouMean, suggestions } from '../../base/suggest.js';
import type { SymbolicTensor } from '../../base/tf.js';
import { NetworkBuilder } from '../builder.js';
import { defineNetwork } from '../define.js';
import { createLayer } from './custom-layers.js';

const layerSchema = z.looseObject({
  type: z.string(),
  name: z.string().min(1).optional(),
  inputs: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
});

/**
 * A network described in JSON: a list of layers, each with a `type` (the names of `tf.layers`, or of our own layers), tfjs's
 * arguments for it, and optionally a `name` and the names of its `inputs` (the layer before, if left out; `input` is the
 * image). `units` or `filters` may be `"classes"`. Initialisers may have our names, `pytorchUniform` among them. The last
 * layer's output are the logits: one a class, or one for two classes.
 */
export const custom = defineNetwork({
  name: 'custom',
  title: 'Network described in JSON',
  source: 'its description',
  smallestInput: 1,
  defaultInput: 32,
  defaultClasses: 10,
  options: {
    layers: z
      .array(layerSchema)
      .min(1)
      .max(10_000)
      .describe('layers in order: {"type": "conv2d", "filters": 32, "kernelSize": 3}'),
  },
  build(shape, options) {
    const net = new NetworkBuilder({ initializer: 'glorotUniform' });
    const input = net.input(shape);
    const outputs = new Map<string, SymbolicTensor>([['input', input]]);
    let last = input;
    options.layers.forEach((description, index) => {
      const name = description.name ?? `${description.type}_${index + 1}`;
      if (outputs.has(name)) throw descriptionError(name, 'a name of its own', 'the name of an earlier layer');
      const wanted = description.inputs;
      const names = wanted === undefined ? undefined : typeof wanted === 'string' ? [wanted] : wanted;
      const inputs = names?.map((from) => {
        const tensor = outputs.get(from);
        if (tensor === undefined) throw unknownInput(name, from, [...outputs.keys()]);
        return tensor;
      });
      try {
        const layer = createLayer(description, name, shape.classes);
        last = net.apply(layer, inputs === undefined ? last : inputs.length === 1 ? (inputs[0] ?? last) : inputs);
      } catch (error) {
        if (error instanceof ConvoyError) throw error;
        throw descriptionError(
          name,
          'arguments and shapes that fit',
          error instanceof Error ? error.message : String(error),
          error,
        );
      }
      outputs.set(name, last);
    });
    if (last.shape.length !== 2 || (last.shape[1] !== shape.classes && last.shape[1] !== 1)) {
      throw descriptionError(
        last.sourceLayer.name,
        `an output of ${shape.classes} logits, or of one value,`,
        `[${last.shape.slice(1).join(', ')}]`,
      );
    }
    return net.model('custom', input, last);
  },
});

function unknownInput(layer: string, from: string, outputs: readonly string[]): ConvoyError {
  const meant = suggestions(from, outputs);
  return descriptionError(layer, `inputs among ${outputs.slice(-8).join(', ')}`, `"${from}"${didYouMean(meant)}`);
}

function descriptionError(layer: string, expected: string, found: string, cause?: unknown): ConvoyError {
  const message = `custom network: layer ${layer}: expected ${expected} but found ${found}`;
  return new ConvoyError('CONVOY_MODEL', message, { place: layer }, cause);
}
