import { type Tensor, tf } from '../../base/tf.js';
import { cast, reshape } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { defaultEpsilon, normArguments, scaleAndShift, standardize } from '../norms.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';
import { type BatchShape, fixedSize, onlyShape } from '../tfjs-layer.js';

type Weight = ReturnType<OwnLayer['addWeight']>;

/** Groups of `channels` channels; -1 is one a channel. */
function groupsOf(settings: LayerSettings, channels: number): number {
  const groups = settings.number('groups', 32);
  const count = groups === -1 ? channels : groups;
  if (channels % count !== 0) throw new RangeError(`${count} groups do not divide ${channels} channels`);
  return count;
}

/** Group normalization (Wu and He 2018) over the last axis: each sample's groups of channels by their own statistics. */
class GroupNormalization extends OwnLayer {
  static readonly className = 'GroupNormalization';
  #gamma: Weight | undefined;
  #beta: Weight | undefined;

  override build(inputShape: BatchShape | BatchShape[]): void {
    const channels = fixedSize(onlyShape(inputShape), -1, this.name);
    groupsOf(this.settings, channels);
    if (this.settings.boolean('scale', true)) this.#gamma = this.constantWeight('gamma', [channels], 1);
    if (this.settings.boolean('center', true)) this.#beta = this.constantWeight('beta', [channels], 0);
    this.built = true;
  }

  protected override compute(x: Tensor): Tensor {
    const channels = x.shape.at(-1) ?? 1;
    const groups = groupsOf(this.settings, channels);
    const parts = tf.reshape(x, [x.shape[0] ?? 1, -1, groups, channels / groups]);
    const { mean, variance } = tf.moments(parts, [1, 3], true);
    const deviation = tf.sqrt(tf.add(variance, this.settings.number('epsilon', defaultEpsilon)));
    const normal = tf.reshape(tf.div(tf.sub(parts, mean), deviation), x.shape);
    const scaled = this.#gamma === undefined ? normal : tf.mul(normal, this.#gamma.read());
    return this.#beta === undefined ? scaled : tf.add(scaled, this.#beta.read());
  }
}

defineLayer({
  className: GroupNormalization.className,
  layer: GroupNormalization,
  arguments: { ...normArguments, groups: kept },
  convert({ config, inputShape, refuse }) {
    const rank = Array.isArray(inputShape) ? inputShape.length : 0;
    if (config['axis'] !== undefined && config['axis'] !== -1 && config['axis'] !== rank - 1) {
      return refuse('group normalization of the last axis', config['axis']);
    }
    return { className: GroupNormalization.className, config };
  },
  lower: single((scope, x) => {
    const { graph, settings } = scope;
    const channels = x.shape.at(-1) as number;
    const groups = groupsOf(settings, channels);
    const places = x.shape.slice(1, -1).reduce((product, size) => product * size, 1);
    const parts = reshape(graph, cast(graph, x, 'float32'), [-1, places, groups, channels / groups]);
    const normal = standardize(graph, parts, [1, 3], settings.number('epsilon', defaultEpsilon));
    return cast(graph, scaleAndShift(scope, reshape(graph, normal, x.shape), [channels]), x.type);
  }),
});
