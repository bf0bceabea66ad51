#!/usr/bin/env python3
"""A training step of our trainer and of Python OpenFold, in turns: same configuration, weights, batch and threads.

    bench/step_against_openfold.py --openfold DIR --data DIR [--program build/release/bin/step_bench]
                                   [--steps N] [--threads N] [-- options of foldperf-train]

DIR of --openfold is a checkout of github.com/aqlaboratory/openfold; the Python that runs this needs torch and
OpenFold's imports (ml-collections, dm-tree, biopython, scipy, numpy, einops). DIR of --data holds structures.
A step is: forward (one pass), loss, backward, clip by global norm, Adam, moving average of the weights.
Without options after --, the model is initial_training's widths with two Evoformer blocks, one extra-MSA block and no
templates, on a crop of 64 residues. Dropout is 0, so that the first step's losses can be compared.
Prints medians and the ratio; fails on no time.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types

SMALL = """
--preset initial_training --steps 1000000
--set model.evoformer_stack.no_blocks=2 --set model.extra_msa.extra_msa_stack.no_blocks=1
--set model.evoformer_stack.msa_dropout=0 --set model.evoformer_stack.pair_dropout=0
--set model.extra_msa.extra_msa_stack.msa_dropout=0 --set model.extra_msa.extra_msa_stack.pair_dropout=0
--set model.structure_module.dropout_rate=0
--set model.template.enabled=false --set data.common.use_templates=false
--set model.blocks_per_checkpoint=1
--set data.common.max_recycling_iters=0
--set data.train.crop_size=64 --set data.train.max_msa_clusters=32 --set data.train.max_extra_msa=64
--set schedule.base_lr=1e-4 --set train.device=cpu
""".split()


def parse_arguments():
    ours = []
    arguments = sys.argv[1:]
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, ours = arguments[:cut], arguments[cut + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--openfold", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=os.path.join(os.path.dirname(__file__), "../build/release/bin/step_bench"))
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    options.ours = ours or SMALL
    return options


class Ours:
    """Our trainer, as a child that makes a step when told to."""

    def __init__(self, options, folder):
        command = [options.program, folder, "--data", options.data, "--set", f"train.threads={options.threads}"]
        self.child = subprocess.Popen(command + options.ours, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self.answer()

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            sys.exit(f"step_bench ended with code {self.child.wait()}")
        return json.loads(line)

    def ask(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        return self.answer()

    def step(self):
        result = self.ask("step")
        return result["ms"], result["loss"]

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def import_openfold(folder):
    """OpenFold without what training on a CPU does not need."""

    class Anything(types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (), {})

    for name in ("dllogger", "pytorch_lightning", "modelcif", "modelcif.model", "modelcif.dumper", "modelcif.reference", "modelcif.protocol",
                 "modelcif.alignment", "modelcif.qa_metric", "modelcif.associated"):
        try:
            __import__(name)
        except ImportError:
            sys.modules[name] = Anything(name)
    sys.modules["attn_core_inplace_cuda"] = softmax_kernel()
    sys.path.insert(0, folder)


def softmax_kernel():
    """What OpenFold's CUDA extension does to attention weights, on any device, by PyTorch's fused softmax."""
    import torch

    def softmax(logits, rows, columns):
        torch.softmax(logits, -1, out=logits)

    def softmax_backward(weights, output_gradient, value, rows, columns, channels):
        gradient = torch.matmul(output_gradient, value.transpose(-1, -2))
        weights.copy_(torch._softmax_backward_data(gradient, weights, -1, weights.dtype))

    module = types.ModuleType("attn_core_inplace_cuda")
    module.forward_, module.backward_ = softmax, softmax_backward
    return module


def copy_settings(tree, config):
    """Sets what both configurations have."""
    for key, value in tree.items():
        if key not in config:
            continue
        if isinstance(value, dict):
            copy_settings(value, config[key])
        elif config[key] is not None and not isinstance(value, list):
            config[key] = type(config[key])(value)


class OpenFold:
    def __init__(self, options, folder):
        import torch
        torch.set_num_threads(options.threads)
        import_openfold(options.openfold)
        from openfold.config import model_config
        from openfold.model.model import AlphaFold
        from openfold.utils.exponential_moving_average import ExponentialMovingAverage
        from openfold.utils.loss import AlphaFoldLoss
        from openfold.utils.tensor_utils import tensor_tree_map
        with open(os.path.join(folder, "config.json")) as file:
            tree = json.load(file)
        config = model_config("initial_training", train=True)
        copy_settings(tree["model"], config.model)
        copy_settings(tree["loss"], config.loss)
        blocks = tree["model"]["blocks_per_checkpoint"] or None
        config.globals.blocks_per_ckpt = blocks
        self.torch = torch
        self.model = AlphaFold(config).train()
        self.model.load_state_dict(torch.load(os.path.join(folder, "weights.pt")))
        self.batch = torch.load(os.path.join(folder, "batch.pt"))
        self.truth = tensor_tree_map(lambda t: t[..., -1], self.batch)
        self.loss = AlphaFoldLoss(config.loss)
        self.average = ExponentialMovingAverage(self.model, tree["ema"]["decay"])
        optimizer = tree["optimizer"]
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=tree["schedule"]["base_lr"], eps=optimizer["eps"],
                                          betas=(optimizer["beta_1"], optimizer["beta_2"]))
        self.max_norm = tree["clip"]["max_norm"]

    def step(self):
        start = time.perf_counter()
        outputs = self.model(dict(self.batch))
        loss = self.loss(outputs, dict(self.truth))
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        self.optimizer.step()
        self.average.update(self.model)
        self.optimizer.zero_grad()
        value = loss.item()
        return (time.perf_counter() - start) * 1e3, value


def main():
    options = parse_arguments()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(options, folder)
        theirs = OpenFold(options, folder)
        times = {"foldperf": [], "openfold": []}
        for number in range(options.warmup + options.steps):
            for name, trainer in (("foldperf", ours), ("openfold", theirs)):
                milliseconds, loss = trainer.step()
                if number == 0:
                    print(f"{name}: loss of the first step {loss:.6f}", flush=True)
                if number >= options.warmup:
                    times[name].append(milliseconds)
        scopes = ours.ask("scopes")
        ours.close()
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name}: step {median[name]:9.1f} ms (median of {len(values)}; {min(values):.1f} to {max(values):.1f})")
    print(f"OpenFold's step takes {median['openfold'] / median['foldperf']:.2f} times as long "
          f"({options.threads} thread(s), chain {ours.about['chain']})")
    share = scopes["modules"] * scopes["off_ns"] / (median["foldperf"] * 1e6)
    print(f"instrumentation switched off: {scopes['modules']} module scopes of {scopes['off_ns']:.2f} ns in a step, "
          f"{100 * share:.5f} % of it")


if __name__ == "__main__":
    main()
