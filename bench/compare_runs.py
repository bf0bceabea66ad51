#!/usr/bin/env python3
"""Are two training runs the same, bit for bit? Compares metrics.jsonl (without times and what was measured of the
machine) and the weights of two output folders of foldperf-train. Ends with code 1 where they differ.

    bench/compare_runs.py RUN RUN [RUN ...]
"""
import json
import os
import sys

import torch

MEASURED = ("step_s", "data_wait_s", "evaluation_s", "energy_j", "power_w", "_mhz", "memory_", "temperature", "throttled",
            "utilization", "gpu_", "data_drift", "checkpoint_")


def metrics(folder):
    lines = []
    with open(os.path.join(folder, "metrics.jsonl")) as file:
        for text in file:
            line = json.loads(text)
            lines.append({key: value for key, value in line.items() if not any(part in key for part in MEASURED)})
    return lines


def differing_weights(first, second):
    a = torch.load(os.path.join(first, "weights.pt"), weights_only=True)
    b = torch.load(os.path.join(second, "weights.pt"), weights_only=True)
    if a.keys() != b.keys():
        return ["(names)"]
    return [name for name in a if not torch.equal(a[name], b[name])]


def compare(first, second):
    a, b = metrics(first), metrics(second)
    for number, (x, y) in enumerate(zip(a, b)):
        if x != y:
            keys = [key for key in x if x[key] != y.get(key)]
            return f"line {number + 1} (step {x.get('step')}): {keys[0]} {x[keys[0]]} and {y.get(keys[0])}"
    if len(a) != len(b):
        return f"{len(a)} and {len(b)} lines of metrics"
    weights = differing_weights(first, second)
    return f"{len(weights)} weights, the first {weights[0]}" if weights else None


def main():
    folders = sys.argv[1:]
    if len(folders) < 2:
        sys.exit(__doc__)
    failed = False
    for other in folders[1:]:
        difference = compare(folders[0], other)
        failed |= difference is not None
        print(f"{folders[0]} and {other}: " + (f"differ: {difference}" if difference else
              f"equal bit for bit ({len(metrics(other))} lines of metrics, all weights)"))
    sys.exit(failed)


if __name__ == "__main__":
    main()
