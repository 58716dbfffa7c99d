"""Data of a measurement: noise for steps, or files of raw pixels and labels written by convoy for whole jobs."""

import os

import numpy as np


def noise(setup, batches=8):
    """float32 images in [0, 1] as [batches * batch, height, width, channels], and int labels."""
    generator = np.random.default_rng(0)
    count = batches * setup["batch"]
    images = generator.random((count, *setup["image"]), dtype=np.float32)
    return images, np.arange(count, dtype=np.int64) % setup["classes"]


def split(setup, name):
    """One split from `<folder>/<name>.pixels` and `.labels`, scaled to [0, 1]."""
    path = os.path.join(setup["data"], name)
    pixels = np.fromfile(path + ".pixels", np.uint8).reshape(-1, *setup["image"])
    labels = np.fromfile(path + ".labels", np.int32).astype(np.int64)
    return pixels.astype(np.float32) / 255, labels
