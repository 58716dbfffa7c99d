"""Runs the code that convoy prints for exported models on images; convoy export --check starts it.

Each line of standard input is a task in JSON: format, folder of the export, code, shape and dtype of the images, names of
weights, and a scratch folder, in which images.raw holds the images and outputs.raw gets the outputs as float32. A line of
standard output answers each: "ok", or what went wrong.
"""
import json
import os
import sys
import types

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy  # noqa: E402

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print


def with_torch(images):
    import torch

    try:
        import torchvision  # noqa: F401
    except ImportError:
        pass  # the code says what it needs
    except RuntimeError:
        # Built for another torch, it lacks its operators for boxes, which no network here needs.
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")
    torch.set_grad_enabled(False)
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy())


def answer(task):
    os.chdir(task["folder"])
    sys.path.insert(0, task["folder"])
    images = numpy.fromfile(os.path.join(task["scratch"], "images.raw"), task["dtype"]).reshape(task["shape"])
    if task["format"] == "onnx":
        import onnx

        onnx.checker.check_model("model.onnx", full_check=True)
    elif task["format"] == "saved-model":
        import tensorflow

        images = tensorflow.constant(images)
    elif task["format"] == "torch":
        images = with_torch(images)
    names = {"images": images}
    exec(task["code"], names)
    if task["format"] == "safetensors":
        outputs = numpy.concatenate([names["weights"][name].ravel() for name in task["names"]])
    else:
        outputs = names["probabilities"] if "probabilities" in names else names["outputs"]
    numpy.asarray(outputs).astype("<f4").tofile(os.path.join(task["scratch"], "outputs.raw"))


for line in sys.stdin:
    try:
        answer(json.loads(line))
        print("ok", file=answers, flush=True)
    except Exception as error:
        print(f"{type(error).__name__}: {error}".replace("\n", " "), file=answers, flush=True)
