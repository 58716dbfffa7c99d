"""PyTorch DistributedDataParallel: one process a core, gradients averaged over gloo. Steps only."""

import contextlib
import os
import socket
import time

from protocol import serve


def member(rank, setup, port, pipe=None):
    """One process of the group; rank 0 tells the others how many steps to take."""
    import torch
    from torch import distributed
    from torch.nn import functional
    from torch.nn.parallel import DistributedDataParallel

    import data
    from torch_networks import build, images_to_torch

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    world = setup["cores"]
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", rank=rank, world_size=world)
    model, optimizer = build(setup)
    parallel = DistributedDataParallel(model, gradient_as_bucket_view=True)
    part = setup["batch"] // world
    images, labels = data.noise({**setup, "batch": part})
    images = images_to_torch(images, setup["settings"]).split(part)
    labels = torch.from_numpy(labels).split(part)
    autocast = setup["precision"] == "bfloat16"
    parallel.train()
    taken = 0

    def take(steps):
        nonlocal taken
        for _ in range(steps):
            at = taken % len(images)
            taken += 1
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16) if autocast else contextlib.nullcontext():
                loss = functional.cross_entropy(parallel(images[at]), labels[at])
            loss.backward()
            optimizer.step()
        distributed.barrier()

    def run(steps):
        asked = torch.tensor([steps])
        distributed.broadcast(asked, 0)
        start = time.perf_counter()
        take(int(asked[0]))
        return int(asked[0]), time.perf_counter() - start

    if rank == 0:
        return run
    while run(0)[0] > 0:
        pass
    return None


def open_session(setup):
    import torch
    from torch import multiprocessing

    if setup["batch"] % setup["cores"] != 0:
        raise ImportError(f"DDP needs a batch that {setup['cores']} processes share evenly")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    for rank in range(1, setup["cores"]):
        context.Process(target=member, args=(rank, setup, port), daemon=True).start()
    run = member(0, setup, port)

    class Steps:
        facts = {"version": torch.__version__}

        def round(self, request):
            steps, seconds = run(request["steps"])
            return {"images": steps * setup["batch"], "seconds": seconds}

    return Steps()


if __name__ == "__main__":
    serve(open_session)
