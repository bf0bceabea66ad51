"""Kernels as foldperf counts them beside torch.profiler's, on programs that know neither.

    against_torch_profiler.py [--foldperf PATH] [--trainer "trainer_steps BATCH.pt OPTIONS…"] [PROGRAM…]

Needs a GPU and PyTorch. Programs: bench/collector/programs; with --trainer foldperf's own too, as that command runs it.

Each program runs twice, in processes of its own (CUPTI takes one subscriber a process): under `foldperf profile` and under
torch.profiler. Compared is what ran between the ends of the range `measured`: number of kernels, their summed time, and
kernels of graphs of which the range they were captured in, or the step of their replay, is not known. Ends with 1 where a
number differs, a sum is off by more than 2%, or a kernel has no place."""
import argparse
import json
import os
import shlex
import sqlite3
import subprocess
import sys
import tempfile

programs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")


def result_of(command, env=None):
    run = subprocess.run(command, capture_output=True, text=True, env=env)
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        sys.exit(f"{' '.join(command)} gave no result:\n{run.stdout[-2000:]}{run.stderr[-4000:]}")
    return json.loads(lines[-1][len("RESULT "):])


def recorded(path):
    """Number and summed milliseconds of the kernels in the range `measured`, kernels of graphs, and those without place."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        one = lambda sql, *values: database.execute(sql, values).fetchone()
        start, end = one("""SELECT n.start, n.end FROM NVTX_EVENTS n LEFT JOIN StringIds s ON s.id = n.textId
                            WHERE coalesce(n.text, s.value) = 'measured'""")
        kernels, total = one("SELECT count(*), sum(end - start) FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE start >= ? AND end <= ?",
                             start, end)
        in_graphs = one("""SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL
                           WHERE start >= ? AND end <= ? AND graphNodeId IS NOT NULL""", start, end)[0]
        placed = one("""SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k
                        JOIN CUDA_GRAPH_NODE_EVENTS n ON n.graphNodeId = k.graphNodeId AND n.stackId IS NOT NULL
                        JOIN CUPTI_ACTIVITY_KIND_RUNTIME r ON r.correlationId = k.correlationId
                        JOIN NVTX_EVENTS s ON r.start BETWEEN s.start AND s.end
                        JOIN StringIds t ON t.id = s.textId AND t.value = 'step'
                        WHERE k.start >= ? AND k.end <= ? AND k.graphNodeId IS NOT NULL""", start, end)[0]
        lost = one("SELECT coalesce(sum(count), 0) FROM dropped_records")[0]
    return kernels, total / 1e6, in_graphs, in_graphs - placed, lost


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--foldperf", default="foldperf")
    parser.add_argument("program", nargs="*", default=["cuda_graph_loop", "compiled", "loader_workers"])
    parser.add_argument("--trainer", default="")
    options = parser.parse_args()
    good = True
    print("| program | kernels | torch.profiler | summed ms | torch.profiler | in graphs | without place | dropped |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    commands = {program: [sys.executable, os.path.join(programs, program + ".py")] for program in options.program}
    if options.trainer:
        commands["foldperf-train"] = shlex.split(options.trainer)
    for program, script in commands.items():
        peer = result_of(script + ["--torch-profiler"])
        with tempfile.TemporaryDirectory() as folder:
            run = os.path.join(folder, "run.db")
            result_of([options.foldperf, "profile", "-o", run, "--"] + script)
            kernels, total, in_graphs, without_place, lost = recorded(run)
        good &= kernels == peer["kernels"] and abs(total - peer["kernel_ms"]) <= 0.02 * peer["kernel_ms"]
        good &= without_place == 0 and lost == 0
        print(f"| {program} | {kernels} | {peer['kernels']} | {total:.3f} | {peer['kernel_ms']:.3f} | {in_graphs} "
              f"| {without_place} | {lost} |", flush=True)
    sys.exit(0 if good else 1)


main()
