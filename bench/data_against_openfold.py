#!/usr/bin/env python3
"""Samples a second of our data pipeline and of Python OpenFold's, in turns, on the same files, one core each.

    bench/data_against_openfold.py --openfold DIR --data DIR --alignments DIR --chains 2q2k_A [...]
                                   [--program build/release/bin/data_bench] [--samples N] [--preset initial_training]

DIR of --openfold is a checkout of github.com/aqlaboratory/openfold; the Python that runs this needs torch and
OpenFold's imports. DIR of --data holds mmCIF files, that of --alignments a folder a chain. A sample is: read structure
and alignments, make the features, all four recycling passes, cropped. Nothing is cached between samples by either.
OpenFold's sample is padded; ours is padded and its residues made one-hot where the model runs, so with a GPU not by the
data workers. --expand adds that, done on the CPU.
Prints the median of each, the ratio, and the peak memory above the idle process; fails on no time.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from step_against_openfold import import_openfold  # noqa: E402


def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


class Ours:
    def __init__(self, options):
        chains = "[" + ", ".join(f'"{chain}"' for chain in options.chains) + "]"
        command = [options.program, "--preset", options.preset, "--data", options.data, "--alignments",
                   options.alignments, "--set", f"data.source.train_chains={chains}",
                   "--set", "data.train.uniform_recycling=false", "--set", "data.loader.cache_mib=0"]
        self.command = "expand" if options.expand else "sample"
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        about = self.answer()
        self.places = {chain: place for place, chain in enumerate(about["chains"])}
        self.idle = about["idle_mib"]

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            sys.exit(f"data_bench ended with code {self.child.wait()}")
        return json.loads(line)

    def ask(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        return self.answer()

    def sample(self, chain, seed):
        return self.ask(f"{self.command} {self.places[chain]} {seed}")

    def memory(self):
        return self.ask("memory")["peak_mib"] - self.idle


class OpenFold:
    def __init__(self, options):
        import torch
        torch.set_num_threads(1)
        import_openfold(options.openfold)
        from openfold.config import model_config
        from openfold.data.data_modules import OpenFoldSingleDataset
        config = model_config(options.preset, train=True).data
        config.train.uniform_recycling = False
        self.torch = torch
        self.dataset = OpenFoldSingleDataset(
            data_dir=options.data, alignment_dir=options.alignments, template_mmcif_dir=options.data,
            max_template_date="2500-01-01", config=config, mode="train")
        self.idle = resident_mib()

    def sample(self, chain, seed):
        self.torch.manual_seed(seed)
        start = time.perf_counter()
        features = self.dataset[self.dataset.chain_id_to_idx(chain)]
        return {"ms": (time.perf_counter() - start) * 1e3, "passes": features["aatype"].shape[-1]}

    def memory(self):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - self.idle


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--openfold", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--alignments", required=True)
    parser.add_argument("--chains", nargs="+", required=True)
    parser.add_argument("--program", default=os.path.join(os.path.dirname(__file__), "../build/release/bin/data_bench"))
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--expand", action="store_true", help="pad and expand our samples too, on the CPU")
    parser.add_argument("--preset", default="initial_training")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    ours, theirs = Ours(options), OpenFold(options)
    for chain in options.chains:
        times = {"foldperf": [], "openfold": []}
        stages = {}
        for number in range(options.samples + 1):
            for name, pipeline in (("foldperf", ours), ("openfold", theirs)):
                result = pipeline.sample(chain, number)
                if number > 0:  # the first reads the files into the page cache
                    times[name].append(result["ms"])
                    for stage, ms in result.get("stages", {}).items():
                        stages.setdefault(stage, []).append(ms)
                else:
                    passes = result["passes"]
                    if name == "foldperf":
                        size = f"{result['length']} residues, {result['depth']} rows"
                    assert passes == 4, f"{name} made {passes} passes"
        median = {name: statistics.median(values) for name, values in times.items()}
        split = ", ".join(f"{stage} {statistics.median(values):.1f}" for stage, values in sorted(stages.items()))
        print(f"{chain} ({size}): foldperf {median['foldperf']:.1f} ms ({split}), OpenFold "
              f"{median['openfold']:.1f} ms: {median['openfold'] / median['foldperf']:.1f} times as long", flush=True)
    memory = {"foldperf": ours.memory(), "openfold": theirs.memory()}
    print(f"peak memory above the idle process: foldperf {memory['foldperf']:.0f} MiB, OpenFold "
          f"{memory['openfold']:.0f} MiB ({memory['foldperf'] / memory['openfold']:.2f} of it)")


if __name__ == "__main__":
    main()
