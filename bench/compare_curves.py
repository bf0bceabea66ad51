#!/usr/bin/env python3
"""Do loss curves of two precisions differ by more than those of two seeds? Reads runs of foldperf-train named
FOLDER/<precision>-<seed>: the loss (unscaled) and the lDDT-Ca of the crop are averaged over windows of steps, and the
distance of the precisions' mean curves is compared with the spread of the seeds of the first precision.

    bench/compare_curves.py FOLDER float32 bf16 [--window 50] [--svg FILE]
"""
import argparse
import glob
import json
import math
import os
import statistics


def curve(folder, key, window):
    values = []
    with open(os.path.join(folder, "metrics.jsonl")) as file:
        for text in file:
            line = json.loads(text)
            if line["kind"] == "train" and line.get(key) is not None:
                values.append(line[key])
    return [statistics.mean(values[i:i + window]) for i in range(0, len(values) - window + 1, window)]


def curves(folder, precision, key, window):
    found = [curve(run, key, window) for run in sorted(glob.glob(os.path.join(folder, precision + "-*")))]
    if len(found) < 2:
        raise SystemExit(f"{folder}: needs at least two runs named {precision}-<seed>")
    return found


def picture(path, key, sets, window):
    width, height, left, bottom = 640, 300, 50, 30
    everything = [value for runs in sets.values() for run in runs for value in run]
    low, high = min(everything), max(everything)
    steps = max(len(run) for runs in sets.values() for run in runs)
    colours = ["#1f5fa8", "#c44e1a", "#2a8a4a"]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
             f'font-size="12"><rect width="100%" height="100%" fill="white"/>']
    place_x = lambda i: left + (width - left - 15) * i / max(1, steps - 1)
    place_y = lambda v: 15 + (height - bottom - 15) * (high - v) / (high - low or 1)
    for number, (precision, runs) in enumerate(sets.items()):
        for run in runs:
            points = " ".join(f"{place_x(i):.1f},{place_y(v):.1f}" for i, v in enumerate(run))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colours[number % 3]}" stroke-width="1.3" '
                         f'opacity="0.75"/>')
        parts.append(f'<text x="{width - 110}" y="{30 + 16 * number}" fill="{colours[number % 3]}">{precision}</text>')
    for value in (low, (low + high) / 2, high):
        parts.append(f'<text x="{left - 6}" y="{place_y(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    for i in range(0, steps, max(1, steps // 5)):
        parts.append(f'<text x="{place_x(i):.1f}" y="{height - 10}" text-anchor="middle">{(i + 1) * window}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 10}" text-anchor="middle" dx="60">step</text>'
                 f'<text x="{left}" y="12">{key}</text></svg>')
    with open(path, "w") as file:
        file.write("\n".join(parts) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("reference")
    parser.add_argument("other")
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--svg")
    options = parser.parse_args()
    for key in ("unscaled_loss", "lddt_ca"):
        sets = {name: curves(options.folder, name, key, options.window) for name in (options.reference, options.other)}
        print(f"{key}, {len(sets[options.reference])} seeds: steps, {options.reference}, {options.other}, distance, "
              f"standard deviation of the seeds")
        for i in range(min(len(run) for runs in sets.values() for run in runs)):
            a = [run[i] for run in sets[options.reference]]
            b = [run[i] for run in sets[options.other]]
            distance = statistics.mean(b) - statistics.mean(a)
            spread = statistics.stdev(a)
            error = spread * math.sqrt(1 / len(a) + 1 / len(b))
            print(f"{(i + 1) * options.window:6d} {statistics.mean(a):9.4f} {statistics.mean(b):9.4f} {distance:9.4f} "
                  f"{spread:9.4f}  {'within' if abs(distance) <= 2 * error else 'beyond'} two standard errors of a mean")
        if options.svg and key == "unscaled_loss":
            picture(options.svg, "loss", sets, options.window)


if __name__ == "__main__":
    main()
