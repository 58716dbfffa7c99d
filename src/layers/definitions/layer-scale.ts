import { type Tensor, tf } from '../../base/tf.js';
import { binary, cast } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import { type BatchShape, fixedSize, onlyShape } from '../tfjs-layer.js';

/** ConvNeXt's `LayerScale` (Touvron et al. 2021): each channel times a learned `gamma` that starts at `initValues`. */
class LayerScale extends OwnLayer {
  static readonly className = 'LayerScale';
  #gamma: ReturnType<OwnLayer['addWeight']> | undefined;

  override build(inputShape: BatchShape | BatchShape[]): void {
    const channels = fixedSize(onlyShape(inputShape), -1, this.name);
    this.#gamma = this.constantWeight('gamma', [channels], this.settings.number('initValues', 1));
    this.built = true;
  }

  protected override compute(x: Tensor): Tensor {
    return this.#gamma === undefined ? x : tf.mul(x, this.#gamma.read());
  }
}

defineLayer({
  className: LayerScale.className,
  layer: LayerScale,
  arguments: { init_values: kept, projection_dim: kept },
  lower: single((scope, x) => binary(scope.graph, 'Mul', x, cast(scope.graph, scope.weight('gamma'), x.type))),
});
