"""What recording costs, within one process: turns of some steps with and without, so that what differs from process to
process (memory's places, a machine's drift) is the same for both.

    alternating.py [--foldperf PATH] [--level L] [--graphs MODE] [--turns N] [--turn-steps N] -- COMMAND…
    alternating.py --torch-profiler [--turns N] [--turn-steps N] -- COMMAND…      the same of torch.profiler

COMMAND is a program of bench/collector/programs, which opens a range while it is to be recorded, or foldperf-train with
`{output}` in its arguments, whose metrics.jsonl is read and which `foldperf profile stop` and `start` tell. While nothing is
recorded, what is left is NVTX's and the samplers' share, which level light has. Each recorded turn is compared with the mean of the turns
before and after it; printed are the median of these shares, their quartiles, and the medians of both kinds of turns."""
import argparse
import glob
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time


class Steps:
    """Milliseconds of the steps of foldperf-train, as it writes them down."""

    def __init__(self, process, metrics):
        self.times, self.process, self.metrics = [], process, metrics

    def wait_for(self, count):
        while True:
            found = glob.glob(self.metrics, recursive=True)
            if found:
                with open(found[0]) as file:
                    lines = [json.loads(line) for line in file if line.endswith("\n")]
                self.times = [1e3 * line["step_s"] for line in lines if "step_s" in line]
            if len(self.times) >= count:
                return
            if self.process.poll() is not None:
                sys.exit(f"the program ended with {self.process.returncode} after {len(self.times)} steps")
            time.sleep(0.02)


def turns_of_the_trainer(options, record, folder):
    """It is told from outside when to record."""
    command = record + ["--"] + [word.replace("{output}", os.path.join(folder, "run")) for word in options.command]
    errors = open(os.path.join(folder, "errors"), "w+")
    process = subprocess.Popen(command, stdout=errors, stderr=errors, text=True)
    steps = Steps(process, os.path.join(folder, "run", "**", "metrics.jsonl"))
    turns = []
    try:
        steps.wait_for(options.warm_up)
        for turn in range(options.turns):
            recorded = turn % 2 == 1
            subprocess.run([options.foldperf, "profile", "start" if recorded else "stop", os.path.join(folder, "run.db")],
                           check=True, capture_output=True)
            first = len(steps.times) + 2  # one is under way, and a trainer tells of a step when the next has begun
            steps.wait_for(first + options.turn_steps)
            turns.append({"recorded": recorded,
                          "median_ms": statistics.median(steps.times[first:first + options.turn_steps])})
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        if len(turns) < options.turns:
            errors.seek(0)
            print(errors.read()[-4000:], file=sys.stderr)
    return turns


def turns_of_a_program(options, record):
    """It opens a range while it is to be recorded."""
    command = (record + ["--range", "recorded", "--"] if record else []) + options.command
    command += ["--alternate", str(options.turn_steps), "--steps", str(options.turns), "--warm-up", str(options.warm_up)]
    run = subprocess.run(command + ["--torch-profiler"] * options.torch_profiler, capture_output=True, text=True)
    for line in run.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line[len("RESULT "):])["turns"]
    sys.exit(f"no result:\n{run.stdout[-2000:]}{run.stderr[-4000:]}")


def what_was_recorded(path):
    with sqlite3.connect(path) as run:
        one = lambda sql: run.execute(sql).fetchone()[0]
        kernels = one("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL")
        alone = one("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k WHERE NOT EXISTS (SELECT 1 FROM "
                    "CUPTI_ACTIVITY_KIND_RUNTIME r WHERE r.correlationId=k.correlationId)")
        lost = one("SELECT coalesce(sum(count), 0) FROM dropped_records")
    return (f"{kernels} kernels, {os.path.getsize(path) / max(kernels, 1):.0f} bytes each, {alone} without launch, "
            f"{lost} dropped")


def record_turns(options):
    if options.torch_profiler:
        return turns_of_a_program(options, []), "torch.profiler, CUDA's activities alone"
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "run.db")
        record = [options.foldperf, "profile", "-o", database, "--level", options.level, "--graphs", options.graphs]
        is_trainer = any("{output}" in word for word in options.command)
        turns = turns_of_the_trainer(options, record, folder) if is_trainer else turns_of_a_program(options, record)
        return turns, what_was_recorded(database)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--foldperf", default="foldperf")
    parser.add_argument("--level", default="kernels")
    parser.add_argument("--graphs", default="node")
    parser.add_argument("--turns", type=int, default=21, help="odd: it begins and ends without")
    parser.add_argument("--turn-steps", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=4)
    parser.add_argument("--torch-profiler", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    turns, note = record_turns(options)
    times = [turn["median_ms"] for turn in turns]
    shares = [100 * (times[i] / (0.5 * (times[i - 1] + times[i + 1])) - 1) for i in range(1, len(times) - 1, 2)]
    low, middle, high = statistics.quantiles(shares, n=4) if len(shares) > 1 else 3 * shares
    print(f"recorded {statistics.median(times[1::2]):.2f} ms, not {statistics.median(times[0::2]):.2f} ms a step; "
          f"{middle:+.2f}% (quartiles {low:+.2f}, {high:+.2f}; {len(shares)} turns); {note}", flush=True)


main()
