"""PyTorch, eager, on all cores of one process. Steps go through prepared batches; a job is the tutorial's loop."""

import contextlib
import time

from protocol import serve


def open_session(setup):
    import torch
    from torch.nn import functional

    import data
    from torch_networks import build, images_to_torch

    torch.set_num_threads(setup["cores"])
    settings = setup["settings"]
    batch = setup["batch"]
    autocast = setup["precision"] == "bfloat16"

    def cast():
        return torch.autocast("cpu", torch.bfloat16) if autocast else contextlib.nullcontext()

    model, optimizer = build(setup)

    def step(images, labels):
        optimizer.zero_grad(set_to_none=True)
        with cast():
            loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()

    class Steps:
        facts = {"version": torch.__version__}

        def __init__(self):
            images, labels = data.noise(setup)
            self.images = images_to_torch(images, settings).split(batch)
            self.labels = torch.from_numpy(labels).split(batch)
            self.next = 0
            model.train()

        def round(self, request):
            start = time.perf_counter()
            for _ in range(request["steps"]):
                step(self.images[self.next], self.labels[self.next])
                self.next = (self.next + 1) % len(self.images)
            return {"images": request["steps"] * batch, "seconds": time.perf_counter() - start}

    class Job:
        facts = {"version": torch.__version__}

        def __init__(self):
            images, labels = data.split(setup, "train")
            self.train = images_to_torch(images, settings), torch.from_numpy(labels)
            images, labels = data.split(setup, "test")
            self.test = images_to_torch(images, settings), torch.from_numpy(labels)

        def round(self, request):
            start = time.perf_counter()
            images, labels = self.train
            model.train()
            for chosen in torch.randperm(len(labels)).split(batch):
                step(images[chosen], labels[chosen])
            trained = time.perf_counter()
            images, labels = self.test
            model.eval()
            correct = 0
            with torch.no_grad(), cast():
                for pixels, expected in zip(images.split(256), labels.split(256)):
                    correct += (model(pixels).argmax(1) == expected).sum().item()
            return {
                "images": len(self.train[1]),
                "seconds": time.perf_counter() - start,
                "trainSeconds": trained - start,
                "accuracy": correct / len(labels),
            }

    return Job() if "data" in setup else Steps()


serve(open_session)
