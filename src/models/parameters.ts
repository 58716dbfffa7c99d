import type { LayersModel } from '../base/tf.js';
import type { ParameterSpec } from '../contracts/index.js';
import { layerDefinition, placedLayers } from '../layers/index.js';

/** A layer's weight as tfjs keeps it; `read` gives the current tensor without a copy. */
type LayerWeight = LayersModel['weights'][number];

/** A model's weight with its specification. */
export interface ModelParameter {
  readonly spec: ParameterSpec;
  readonly variable: LayerWeight;
}

/**
 * The model's weights in model order: layer after layer as in `model.layers`, within a layer trainable weights first
 * (Keras's order). This order is the order of slots in the arena, of `weightsSha256` and of checkpoints.
 *
 * A layer nested in a wrapper or an inner model is visited through it, so names are unique paths. Weights of a frozen layer
 * (`trainable = false`) are not trainable; batch normalization that is frozen, or called with `training: false`, does not
 * renew its statistics.
 */
export function modelParameters(model: LayersModel): ModelParameter[] {
  const parameters: ModelParameter[] = [];
  const seen = new Set<number>();
  const names = new Set<string>();
  for (const { layer, path, frozen, inference } of placedLayers(model)) {
    const normalizes = layerDefinition(layer.getClassName())?.batchStatistics === true;
    const own = layer.weights;
    const ordered = [...own.filter((w) => !isMoving(w.name)), ...own.filter((w) => isMoving(w.name))];
    for (const variable of ordered) {
      if (seen.has(variable.id)) continue; // a shared layer's weights are one parameter
      seen.add(variable.id);
      const statistic = normalizes && isMoving(variable.name);
      let name = `${path}/${weightName(variable.originalName)}`;
      for (let twin = 1; names.has(name); twin++) name = `${path}/${weightName(variable.originalName)}_${twin}`;
      names.add(name);
      parameters.push({
        variable,
        spec: {
          name,
          layer: path,
          shape: variable.shape.map((size) => size ?? 1),
          trainable: !frozen && !statistic,
          updatedByForward: !frozen && !inference && statistic,
        },
      });
    }
  }
  return parameters;
}

function weightName(original: string): string {
  return original.slice(original.lastIndexOf('/') + 1);
}

function isMoving(name: string): boolean {
  return /moving_(mean|variance)(_\d+)?$/.test(name);
}
