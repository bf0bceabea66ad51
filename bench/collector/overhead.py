"""What recording costs a program: its steps without and with each level of foldperf, and under torch.profiler.

    overhead.py [--foldperf PATH] [--rounds N] [--torch-profiler] [--levels L,…] -- COMMAND…

COMMAND prints a line `RESULT {"median_ms": …}` (bench/collector/programs), or is foldperf-train, whose metrics.jsonl is
read then (`{output}` in its arguments becomes a new folder). Runs take turns, a process each, so that a machine's drift
meets all alike; what is printed is the median of the rounds, the share above the plain runs' median, and the spread of
rounds in percent. Levels: light, kernels, graphs (kernels, graphs as a whole), full."""
import argparse
import glob
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile


def options_of(level):
    return {"light": ["--level", "light"], "kernels": ["--level", "kernels"],
            "graphs": ["--level", "kernels", "--graphs", "graph"], "full": ["--level", "full"]}[level]


def median_of(run, folder):
    for line in reversed(run.stdout.splitlines()):
        if line.startswith("RESULT "):
            return json.loads(line[len("RESULT "):])["median_ms"]
    steps = []
    for path in glob.glob(os.path.join(folder, "**", "metrics.jsonl"), recursive=True):
        with open(path) as file:
            steps += [1e3 * line["step_s"] for line in map(json.loads, file) if "step_s" in line]
    if len(steps) < 10:
        sys.exit(f"{run.args} gave no result:\n{run.stdout[-2000:]}{run.stderr[-4000:]}")
    return statistics.median(steps[len(steps) // 2:])  # capture and warm-up are over


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--foldperf", default="foldperf")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--levels", default="light,kernels,graphs")
    parser.add_argument("--torch-profiler", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    kinds = ["plain"] + options.levels.split(",") + (["torch.profiler"] if options.torch_profiler else [])
    times = {kind: [] for kind in kinds}
    notes = {}
    for _ in range(options.rounds):
        for kind in kinds:
            with tempfile.TemporaryDirectory() as folder:
                command = [word.replace("{output}", os.path.join(folder, "run")) for word in options.command]
                database = os.path.join(folder, "run.db")
                if kind == "torch.profiler":
                    command += ["--torch-profiler"]
                elif kind != "plain":
                    command = [options.foldperf, "profile", "-o", database, *options_of(kind), "--"] + command
                run = subprocess.run(command, capture_output=True, text=True)
                times[kind].append(median_of(run, folder))
                if os.path.exists(database):
                    with sqlite3.connect(database) as connection:
                        kernels = connection.execute("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL").fetchone()[0]
                        lost = connection.execute("SELECT coalesce(sum(count), 0) FROM dropped_records").fetchone()[0]
                    size = os.path.getsize(database)
                    notes[kind] = f"{kernels} kernels, {size / max(kernels, 1):.0f} bytes each, {lost} dropped"
    plain = statistics.median(times["plain"])
    print("| recording | median ms | above plain | spread | database |")
    print("| --- | --- | --- | --- | --- |")
    for kind in kinds:
        median = statistics.median(times[kind])
        spread = 100 * (max(times[kind]) - min(times[kind])) / median
        print(f"| {kind} | {median:.2f} | {100 * (median / plain - 1):+.2f}% | {spread:.1f}% | {notes.get(kind, '')} |")


main()
