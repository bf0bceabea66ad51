#!/usr/bin/env python3
"""What this program's model and Python OpenFold's make of the same sample with the same weights.

  compare_with_openfold.py --weights FILE --chain NAME [options] [-- options of foldperf-train]

  compare_with_openfold.py --weights runs/first/weights.pt --chain 1ubi_A -- --config runs/first/config.toml

For those who have OpenFold: run it with a Python in which `import openfold` works. `foldperf-train features` prepares
the sample and runs our model on it; OpenFold's AlphaFold gets the same configuration (config.model), reads the weights
as OpenFold's own scripts do, and runs on the same sample, both on the CPU in float32 without dropout. Prints the largest
difference of every output relative to its largest value, and ends with 1 where one is above --limit, is no finite
number, or is not among our outputs.
"""
import argparse
import math
import os
import subprocess
import sys
import tempfile
import tomllib
import types

import torch


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="weights.pt, a checkpoint, or what OpenFold wrote")
    parser.add_argument("--chain", required=True, help="name of a chain: 1ubi_A")
    parser.add_argument("--program", help="foldperf-train; default: this checkout's, else that in PATH")
    parser.add_argument("--limit", type=float, default=1e-3, help="largest relative difference allowed (default 1e-3)")
    parser.add_argument("options", nargs="*", help="of foldperf-train, after --: which configuration and data")
    return parser.parse_args()


def find_program(given):
    built = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "release", "bin", "foldperf-train")
    return given or (built if os.access(built, os.X_OK) else "foldperf-train")


def run_ours(program, arguments, folder):
    settings = arguments.options + ["--set", f"train.initial_weights={os.path.abspath(arguments.weights)!r}"]
    config = tomllib.loads(subprocess.run([program, *settings, "--print-config"], check=True, text=True,
                                          stdout=subprocess.PIPE).stdout)
    features, outputs = os.path.join(folder, "features.pt"), os.path.join(folder, "outputs.pt")
    subprocess.run([program, "features", arguments.chain, *settings, "--quiet", "-o", features, "--outputs", outputs],
                   check=True)
    return config, torch.load(features, weights_only=True), torch.load(outputs, weights_only=True)


def assign(target, values):
    """Our settings into OpenFold's; those that it does not have concern only us."""
    for name, value in values.items():
        if name not in target:
            continue
        if isinstance(value, dict):
            assign(target[name], value)
        else:
            target[name] = value


def openfold_model(config, weights):
    # OpenFold's attention calls an extension for GPUs, which is a softmax in place.
    kernel = types.ModuleType("attn_core_inplace_cuda")
    kernel.forward_ = lambda logits, rows, columns: logits.copy_(logits.softmax(-1))
    sys.modules["attn_core_inplace_cuda"] = kernel
    from openfold.config import model_config
    from openfold.model.model import AlphaFold
    from openfold.utils.import_weights import import_openfold_weights_

    theirs = model_config("initial_training", train=True)
    with theirs.unlocked(), theirs.ignore_type():
        for name in ("blocks_per_ckpt", "chunk_size"):
            theirs.globals[name] = None
        for name in ("use_lma", "use_flash", "use_deepspeed_evo_attention"):
            if name in theirs.globals:
                theirs.globals[name] = False
        assign(theirs.model, config["model"])
    model = AlphaFold(theirs).eval()
    # As openfold/utils/script_utils.py does.
    loaded = torch.load(weights, map_location="cpu", weights_only=True)
    if "ema" in loaded:
        loaded = loaded["ema"]["params"]
    import_openfold_weights_(model=model, state_dict=loaded)
    return model


def flatten(outputs, prefix=""):
    for name, value in outputs.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        elif torch.is_tensor(value):
            yield prefix + name, value


def relative_difference(ours, theirs):
    """The largest, relative to their largest value; infinite where it is no finite number: NaN is above no limit."""
    ours, theirs = ours.double(), theirs.double()
    if ours.shape != theirs.shape:
        return math.inf
    if ours.numel() == 0:
        return 0.0
    difference = (ours - theirs).abs().max().item() / (theirs.abs().max().item() or 1.0)
    return difference if math.isfinite(difference) else math.inf


def compare(ours, theirs, limit):
    """Prints a line an output of theirs that holds real numbers; why the two do not agree, None where they do."""
    worst = 0.0
    missing = []
    compared = 0
    print(f"{'output':44s} {'shape':24s} {'largest value':>14s} {'difference':>12s}")
    for name in sorted(theirs):
        if not theirs[name].is_floating_point():
            continue
        if name not in ours:
            missing.append(name)
            continue
        difference = relative_difference(ours[name], theirs[name])
        worst = max(worst, difference)
        compared += 1
        if ours[name].shape != theirs[name].shape:
            print(f"{name:44s} has shape {tuple(ours[name].shape)} here and {tuple(theirs[name].shape)} in OpenFold")
            continue
        largest = theirs[name].abs().max().item() if theirs[name].numel() else 0.0
        print(f"{name:44s} {str(tuple(theirs[name].shape)):24s} {largest:14.4g} {difference:12.2e}")
    print(f"{compared} outputs, largest relative difference {worst:.2e} (limit {limit:.0e})")
    if missing:
        return "OpenFold has outputs that are missing here: " + ", ".join(missing)
    if compared == 0:
        return "no output of OpenFold's holds real numbers"
    return None if worst <= limit else f"the largest relative difference, {worst:.2e}, is above {limit:.0e}"


def main():
    arguments = parse_arguments()
    try:
        with tempfile.TemporaryDirectory() as folder:
            config, features, ours = run_ours(find_program(arguments.program), arguments, folder)
    except subprocess.CalledProcessError as error:
        sys.exit(f"compare_with_openfold: {error.cmd[0]} ended with {error.returncode}")  # it has said why
    except OSError as error:
        sys.exit(f"compare_with_openfold: {error.filename}: {error.strerror}")
    model = openfold_model(config, arguments.weights)
    with torch.no_grad():
        theirs = dict(flatten(model(features)))
    sys.exit(compare(ours, theirs, arguments.limit))


if __name__ == "__main__":
    main()
