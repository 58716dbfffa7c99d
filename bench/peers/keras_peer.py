"""Keras on TensorFlow. Steps run the compiled train function over prepared batches; a job is `fit` with validation."""

import os
import time

from protocol import serve

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def cifar10_cnn(layers):
    return [
        layers.Conv2D(32, 3, padding="same", activation="relu"), layers.Dropout(0.3),
        layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(0.5),
        layers.Dense(10, dtype="float32"),
    ]


def fashion_mnist_cnn(layers):
    return [
        layers.Conv2D(32, 5, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 5, activation="relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(10, dtype="float32"),
    ]


def cifar_resnet20(keras, shape):
    layers = keras.layers

    def normalized(x, filters, strides=1):
        x = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    inputs = layers.Input(shape)
    x = layers.ReLU()(normalized(inputs, 16))
    for stage, filters in enumerate((16, 32, 64)):
        for index in range(3):
            strides = 2 if stage > 0 and index == 0 else 1
            y = layers.ReLU()(normalized(x, filters, strides))
            y = normalized(y, filters)
            if strides == 2:  # option A of He et al.: every second pixel, zero channels half before and half after
                x = layers.AveragePooling2D(1, 2)(x)
                x = layers.Permute((1, 3, 2))(x)
                x = layers.ZeroPadding2D(((0, 0), (filters // 4, filters // 4)))(x)
                x = layers.Permute((1, 3, 2))(x)
            x = layers.ReLU()(layers.Add()([x, y]))
    outputs = layers.Dense(10, dtype="float32")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, outputs)


def open_session(setup):
    if setup["settings"].get("oneDNN"):
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    import keras
    import numpy as np
    import tensorflow as tf

    import data

    settings = setup["settings"]
    if setup["hidesCaches"]:
        import caches

        tf.matmul(tf.ones([1, 1]), tf.ones([1, 1]))
        caches.mend()
    batch = setup["batch"]
    together = settings.get("stepsPerExecution", 1)
    keras.utils.set_random_seed(0)
    if setup["precision"] == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    if setup["network"] == "cifar-resnet20":
        model = cifar_resnet20(keras, setup["image"])
    else:
        stack = {"cifar10-cnn": cifar10_cnn, "fashion-mnist-cnn": fashion_mnist_cnn}[setup["network"]]
        model = keras.Sequential([keras.layers.Input(setup["image"]), *stack(keras.layers)])
    optimizer = keras.optimizers.Adam(0.001) if setup["optimizer"] == "adam" else keras.optimizers.SGD(0.001, 0.9)
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=together,
        jit_compile=settings.get("jit", False),
    )
    facts = {"version": f"{keras.__version__} on TensorFlow {tf.__version__}"}

    class Steps:
        def __init__(self):
            self.facts = facts
            images, labels = data.noise(setup)
            batches = tf.data.Dataset.from_tensor_slices(
                (images.reshape(-1, batch, *setup["image"]), labels.reshape(-1, batch))
            )
            self.iterator = iter(batches.repeat().prefetch(2))
            self.step = model.make_train_function()

        def round(self, request):
            calls = -(-request["steps"] // together)
            start = time.perf_counter()
            for _ in range(calls):
                logs = model.train_function(self.iterator)
            float(np.asarray(logs["loss"]))
            return {"images": calls * together * batch, "seconds": time.perf_counter() - start}

    class Job:
        def __init__(self):
            self.facts = facts
            self.train = data.split(setup, "train")
            self.test = data.split(setup, "test")

        def round(self, request):
            start = time.perf_counter()
            history = model.fit(
                *self.train, batch_size=batch, epochs=1, validation_data=self.test, validation_batch_size=256, verbose=0
            )
            return {
                "images": len(self.train[1]),
                "seconds": time.perf_counter() - start,
                "accuracy": float(history.history["val_accuracy"][-1]),
            }

    return Job() if "data" in setup else Steps()


serve(open_session)
