import type { LayersModel } from '../../base/tf.js';
import { isModel, type Layer } from '../../layers/index.js';
import { modelParameters } from '../../models/index.js';
import type { Hdf5Variable } from './hdf5.js';

/** Layers of an attention, in Keras's names, by the beginnings of tfjs's names of their weights. */
const attentionParts = ['query', 'key', 'value', 'attention_output'] as const;
const attentionPlaces: Readonly<Record<(typeof attentionParts)[number], string>> = {
  query: 'query_dense',
  key: 'key_dense',
  value: 'value_dense',
  attention_output: 'output_dense',
};

/**
 * The weights of a model where Keras 3's `model.weights.h5` has them: layers by class in snake case, numbered in the order of
 * the model, each with variables 0 on.
 */
export function kerasVariables(model: LayersModel, weights: readonly Float32Array[]): Hdf5Variable[] {
  const values = new Map(modelParameters(model).map(({ variable }, index) => [variable.id, weights[index]]));
  const visit = (layers: readonly Layer[], path: string): Hdf5Variable[] => {
    const used = new Map<string, number>();
    return layers.flatMap((layer) => {
      const own = snakeCase(isModel(layer) ? 'Functional' : layer.getClassName());
      const count = used.get(own) ?? 0;
      used.set(own, count + 1);
      const place = `${path}layers/${count === 0 ? own : `${own}_${count}`}`;
      if (isModel(layer)) return visit(layer.layers, `${place}/`);
      return layer.weights.map((weight, index): Hdf5Variable => {
        const data = values.get(weight.id);
        if (data === undefined) throw new TypeError(`${weight.name} is no parameter of the model`);
        return {
          path: `${place}/${variablePlace(layer, weight, index)}`,
          shape: weight.shape.map((size) => size ?? 1),
          data,
        };
      });
    });
  };
  return visit(model.layers, '');
}

function variablePlace(layer: Layer, weight: Layer['weights'][number], index: number): string {
  if (layer.getClassName() !== 'MultiHeadAttention') return `vars/${index}`;
  const parts = weight.originalName.split('/');
  const part = attentionParts.find((name) => parts.includes(name) || weight.originalName.includes(`${name}_`));
  if (part === undefined) throw new TypeError(`${weight.originalName} is no weight of an attention`);
  return `${attentionPlaces[part]}/vars/${weight.originalName.endsWith('kernel') ? 0 : 1}`;
}

/** Keras's `to_snake_case`. */
export function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
