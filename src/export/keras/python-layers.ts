/** The layers of convoy's networks that Keras does not have, as Python; written beside a `.keras` file that needs them. */
export const layersFile = 'convoy_layers.py';

/** Layers that `layersSource` defines. */
export const pythonLayers: ReadonlySet<string> = new Set([
  'AnchorBoxes',
  'BoxPoints',
  'ChannelPadding',
  'ChannelReversal',
  'ClassToken',
  'CustomScaleLayer',
  'DefaultBoxes',
  'DropPath',
  'FirstToken',
  'LayerScale',
  'Max',
  'Mean',
  'PositionEmbedding',
  'SelfAttention',
  'WithConstant',
]);

/** The package under which Keras registers them. */
export const pythonPackage = 'convoy';

export const layersSource = `"""Layers of convoy's networks that Keras does not have. Import this module before keras.models.load_model."""
import math

import keras
from keras import ops

register = keras.saving.register_keras_serializable(package="${pythonPackage}")


class Configured(keras.Layer):
    """A layer whose configuration is its keyword arguments."""

    def __init__(self, name=None, trainable=True, dtype=None, **settings):
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        self.settings = settings

    def get_config(self):
        return {**super().get_config(), **self.settings}


@register
class AnchorBoxes(Configured):
    """Boxes of a region proposal network from offsets of its anchors."""

    def call(self, x):
        height, width = self.settings["image"]
        centres, sizes = [], []
        for stride in self.settings["strides"]:
            rows, columns = -(-height // stride), -(-width // stride)
            for cell in range(rows * columns):
                for ratio in (0.5, 1.0, 2.0):
                    size = [2 * round(8 * stride / math.sqrt(ratio) / 2), 2 * round(8 * stride * math.sqrt(ratio) / 2)]
                    centres.append([cell % columns * (width // columns), cell // columns * (height // rows)])
                    sizes.append(size)
        sizes = ops.convert_to_tensor(sizes, x.dtype)
        middle = x[..., :2] * sizes + ops.convert_to_tensor(centres, x.dtype)
        half = 0.5 * sizes * ops.exp(ops.minimum(x[..., 2:4], math.log(1000 / 16)))
        return ops.concatenate([middle - half, middle + half, x[..., 4:]], -1)


@register
class BoxPoints(Configured):
    """Boxes of a detector: softplus of the first four numbers of a point, in strides, is the distance of each side."""

    def call(self, x):
        height, width = self.settings["image"]
        centres, steps = [], []
        for stride in self.settings["strides"]:
            for row in range(-(-height // stride)):
                for column in range(-(-width // stride)):
                    centres.append([(column + 0.5) * stride, (row + 0.5) * stride] * 2)
                    steps.append([-stride, -stride, stride, stride])
        sides = ops.softplus(x[..., :4]) * ops.convert_to_tensor(steps, x.dtype) + ops.convert_to_tensor(centres, x.dtype)
        return ops.concatenate([sides, x[..., 4:]], -1)


@register
class ChannelPadding(Configured):
    """Zero channels around those of [batch, height, width, channels], half before and half after."""

    def call(self, x):
        added = self.settings["channels"] - x.shape[-1]
        return ops.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[added // 2, added - added // 2]])


@register
class ChannelReversal(Configured):
    """RGB to BGR."""

    def call(self, x):
        return ops.flip(x, -1)


@register
class ClassToken(Configured):
    """A learned token before those of [batch, tokens, features]."""

    def build(self, shape):
        self.token = self.add_weight(name="token", shape=(1, 1, shape[-1]), initializer="zeros")

    def call(self, x):
        return ops.concatenate([ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[-1])), x], 1)


@register
class DefaultBoxes(Configured):
    """Boxes of SSD from offsets of its default boxes; the background's logit is taken off those of the classes."""

    def call(self, x):
        height, width = self.settings["image"]
        strides = self.settings["strides"]
        scales = [0.2 + 0.75 * k / max(1, len(strides) - 1) for k in range(len(strides))] + [1.0 if len(strides) > 1 else 0.95]
        centres, sizes = [], []
        for level, stride in enumerate(strides):
            rows, columns = -(-height // stride), -(-width // stride)
            scale, following = scales[level], scales[level + 1]
            shapes = [(scale, scale), (math.sqrt(scale * following),) * 2]
            for root in (math.sqrt(2), math.sqrt(3)):
                shapes += [(scale * root, scale / root), (scale / root, scale * root)]
            for cell in range(rows * columns):
                for across, down in shapes:
                    centres.append([(cell % columns + 0.5) / columns * width, (cell // columns + 0.5) / rows * height])
                    sizes.append([min(1.0, across) * width, min(1.0, down) * height])
        sizes = ops.convert_to_tensor(sizes, x.dtype)
        middle = x[..., :2] * 0.1 * sizes + ops.convert_to_tensor(centres, x.dtype)
        half = 0.5 * sizes * ops.exp(ops.minimum(0.2 * x[..., 2:4], math.log(1000 / 16)))
        return ops.concatenate([middle - half, middle + half, x[..., 5:] - x[..., 4:5]], -1)


@register
class DropPath(Configured):
    """Drops the branch of a whole sample in training."""

    def call(self, x, training=False):
        rate = self.settings["rate"]
        if not training or rate == 0:
            return x
        return keras.random.dropout(x, rate, (ops.shape(x)[0],) + (1,) * (len(x.shape) - 1))


@register
class FirstToken(Configured):
    def call(self, x):
        return x[:, 0]


@register
class CustomScaleLayer(Configured):
    """A branch and a factor times another."""

    def call(self, branches):
        return branches[0] + branches[1] * self.settings["scale"]


@register
class LayerScale(Configured):
    """Each channel times a learned factor."""

    def build(self, shape):
        self.gamma = self.add_weight(name="gamma", shape=(shape[-1],), initializer="ones")

    def call(self, x):
        return x * self.gamma


class Reduction(Configured):
    def call(self, x):
        axis = self.settings.get("axis", list(range(1, len(x.shape))))
        axis = axis if isinstance(axis, int) else tuple(axis)
        return self.reduce(x, axis=axis, keepdims=self.settings.get("keepdims", False))


@register
class Max(Reduction):
    reduce = staticmethod(ops.max)


@register
class Mean(Reduction):
    reduce = staticmethod(ops.mean)


@register
class PositionEmbedding(Configured):
    """A learned vector for each place of [batch, tokens, features]."""

    def build(self, shape):
        self.embedding = self.add_weight(name="embedding", shape=(1, *shape[1:]))

    def call(self, x):
        return x + self.embedding


@register
class SelfAttention(Configured):
    """Attention over tokens, of [batch, tokens, 3 x features]: queries, keys and values beside each other."""

    def call(self, x):
        heads = self.settings["heads"]
        _, tokens, triple = x.shape
        size = triple // 3 // heads
        parts = ops.transpose(ops.reshape(x, (-1, tokens, 3, heads, size)), (2, 0, 3, 1, 4))
        scores = ops.matmul(parts[0], ops.transpose(parts[1], (0, 1, 3, 2))) / math.sqrt(size)
        attended = ops.matmul(ops.softmax(scores), parts[2])
        return ops.reshape(ops.transpose(attended, (0, 2, 1, 3)), (-1, tokens, heads * size))


@register
class WithConstant(Configured):
    """A tensor and a constant: one number, or one a channel."""

    def call(self, x):
        constant = ops.convert_to_tensor(self.settings["constant"], x.dtype)
        operands = (constant, x) if self.settings.get("constant_first") else (x, constant)
        return getattr(ops, self.settings["operation"])(*operands)
`;
