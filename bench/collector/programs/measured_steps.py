"""Runs a program's step as often as asked and tells, as one line of JSON, what a step took and, with torch.profiler,
which kernels it saw. The steps stand between two NVTX ranges that say where to count in a database of foldperf."""
import argparse
import json
import os
import statistics
import tempfile
import time

import torch


def arguments(steps, files=()):
    parser = argparse.ArgumentParser()
    for name in files:
        parser.add_argument(name)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--torch-profiler", action="store_true", help="record CUDA's activities with torch.profiler")
    parser.add_argument("--alternate", type=int, default=0, metavar="N",
                        help="--steps turns of N steps each; every second one in a range `recorded`, or recorded by "
                             "torch.profiler; tells of both")
    options = parser.parse_args()
    options.profiler = None
    if options.alternate:
        return options
    if options.torch_profiler:
        # On before anything is captured, as foldperf is: a driver that knows nobody is looking may run a graph's copies as
        # kernels.
        options.profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
        options.profiler.start()
    return options


def kernels_of_trace(profiler, start_ns, end_ns):
    """Microseconds of each kernel between two times of the clock, copies and sets left out: as Kineto's own trace tells
    them in every version."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        profiler.export_chrome_trace(path)
        with open(path) as file:
            trace = json.load(file)
    first = (start_ns - trace["baseTimeNanoseconds"]) / 1e3
    last = (end_ns - trace["baseTimeNanoseconds"]) / 1e3
    return [event["dur"] for event in trace["traceEvents"]
            if event.get("cat") == "kernel" and first <= event["ts"] <= last]


def alternate(one, times, options):
    turns = []
    for turn in range(options.steps):
        recorded = turn % 2 == 1
        profiler = None
        if recorded and options.torch_profiler:
            profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
            profiler.start()
        elif recorded:
            torch.cuda.nvtx.range_push("recorded")
        for _ in range(options.alternate):
            one()
        if profiler is not None:
            profiler.stop()
        elif recorded:
            torch.cuda.nvtx.range_pop()
        turns.append({"recorded": recorded, "median_ms": statistics.median(times[-options.alternate:])})
    print("RESULT " + json.dumps({"turns": turns}), flush=True)


def run(step, options):
    for _ in range(options.warm_up):
        step()
    torch.cuda.synchronize()
    times = []

    def one():
        start = time.perf_counter()
        torch.cuda.nvtx.range_push("step")
        step()
        torch.cuda.nvtx.range_pop()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)

    if options.alternate:
        return alternate(one, times, options)

    def steps():
        torch.cuda.nvtx.range_push("measured")
        for _ in range(options.steps):
            one()
        torch.cuda.nvtx.range_pop()

    result = {"steps": options.steps}
    start_ns = time.time_ns()
    steps()
    end_ns = time.time_ns()
    if options.torch_profiler:
        options.profiler.stop()
        kernels = kernels_of_trace(options.profiler, start_ns, end_ns)
        result.update(kernels=len(kernels), kernel_ms=sum(kernels) / 1e3)
    result.update(median_ms=statistics.median(times), steps_ms=[round(t, 3) for t in times])
    print("RESULT " + json.dumps(result), flush=True)
