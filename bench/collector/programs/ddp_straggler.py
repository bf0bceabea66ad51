"""Data-parallel training over NCCL, of which one rank can be made late: torchrun --nproc-per-node N ddp_straggler.py

--sleep-rank R --sleep-ms T   the loader of rank R sleeps T ms a batch
--busy-neighbour R            other processes take the cores of rank R (each rank keeps to its share of the cores)
--graph-replays K             at the end, an all-reduce is captured into a CUDA graph and replayed K times
--one-gpu                     all ranks on the first GPU, each a host of its own to NCCL, which then takes its sockets
--backend gloo                without GPU: no collectives of NCCL, the same ranges

Rank 0 prints one line of JSON. Ranges: step, data_wait, forward, backward, optimizer; captured, all_reduce, replays."""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time

import torch
import torch.distributed as dist


@contextlib.contextmanager
def named(text):
    torch.cuda.nvtx.range_push(text)
    try:
        yield
    finally:
        torch.cuda.nvtx.range_pop()


class Samples(torch.utils.data.Dataset):
    def __init__(self, width, sleep_s):
        self.width, self.sleep_s = width, sleep_s

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):  # a whole batch
        if self.sleep_s:
            time.sleep(self.sleep_s)
        return torch.randn(64, self.width, generator=torch.Generator().manual_seed(index))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", choices=["nccl", "gloo"], default="nccl")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--one-gpu", action="store_true")
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--workers", type=int, default=0, help="processes of the loader")
    parser.add_argument("--sleep-rank", type=int, default=-1)
    parser.add_argument("--sleep-ms", type=float, default=0)
    parser.add_argument("--busy-neighbour", type=int, default=-1)
    parser.add_argument("--graph-replays", type=int, default=0)
    return parser.parse_args()


def take_cores(rank, ranks):
    """This rank's share of the cores, to which it keeps from now on."""
    cores = sorted(os.sched_getaffinity(0))
    share = cores[rank * len(cores) // ranks:(rank + 1) * len(cores) // ranks] or cores
    os.sched_setaffinity(0, share)
    return share


def neighbours(cores):
    """Two processes a core that do nothing but take it."""
    running = []
    for core in cores * 2:
        process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        os.sched_setaffinity(process.pid, {core})
        running.append(process)
    return running


def replay_all_reduce(device, fold):
    tensor = torch.ones(1 << 20, device=device)
    dist.all_reduce(tensor)  # the communicator is made outside of captures
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with named("captured"), torch.cuda.graph(graph), named("all_reduce"):
        dist.all_reduce(tensor)
    with named("replays"):
        for _ in range(fold):
            graph.replay()
        torch.cuda.synchronize()


def main():
    options = arguments()
    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    local_rank = int(os.environ.get("LOCAL_RANK", rank))
    cores = take_cores(local_rank, int(os.environ.get("LOCAL_WORLD_SIZE", ranks)))
    torch.set_num_threads(1)
    on_gpu = options.backend == "nccl"
    if options.one_gpu:
        # NCCL refuses two ranks on one GPU of one host; of different hosts it does not ask.
        os.environ.update(NCCL_HOSTID=f"rank{rank}", NCCL_SOCKET_IFNAME="lo", NCCL_IB_DISABLE="1")
    device = torch.device("cuda", 0 if options.one_gpu else local_rank) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group(options.backend, device_id=device if on_gpu else None)
    torch.manual_seed(0)
    layers = [torch.nn.Linear(options.width, options.width) for _ in range(options.layers)]
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Sequential(*layers).to(device))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    sleep_s = options.sleep_ms / 1e3 if rank == options.sleep_rank else 0
    loader = torch.utils.data.DataLoader(Samples(options.width, sleep_s), batch_size=None, num_workers=options.workers,
                                         sampler=range(rank, 1 << 20, ranks))
    batches = iter(loader)
    busy = neighbours(cores) if rank == options.busy_neighbour else []
    times = []
    try:
        for _ in range(options.steps):
            begin = time.perf_counter()
            with named("step"):
                with named("data_wait"):
                    batch = next(batches).to(device)
                with named("forward"):
                    loss = model(batch).square().mean()
                with named("backward"):
                    loss.backward()
                with named("optimizer"):
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                if on_gpu:
                    torch.cuda.synchronize()
            times.append((time.perf_counter() - begin) * 1e3)
        if on_gpu and options.graph_replays:
            replay_all_reduce(device, options.graph_replays)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    dist.barrier()
    dist.destroy_process_group()
    if rank == 0:
        print("RESULT " + json.dumps({"ranks": ranks, "steps": options.steps, "median_ms": statistics.median(times),
                                      "torch": torch.__version__,
                                      "nccl": list(torch.cuda.nccl.version()) if on_gpu else None}), flush=True)


if __name__ == "__main__":  # workers of the loader may import this
    main()
