"""A training step of the public Python OpenFold (initial_training, bf16, blocks checkpointed): 84,000 kernels or so.

    openfold_step.py [options of measured_steps] OPENFOLD_DIR BATCH.pt

OPENFOLD_DIR: a checkout of github.com/aqlaboratory/openfold with openfold/resources/stereo_chemical_props.txt in place;
BATCH.pt: a batch of its feature pipeline with one recycling slice, saved by torch.save. What OpenFold imports and a
training step does not use (modelcif, dllogger) need not be there; its compiled attention is replaced by PyTorch's calls."""
import sys
import types

import torch

import measured_steps


class Anything(types.ModuleType):
    """A module of which every name is some class."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


for missing in ["dllogger", "attn_core_inplace_cuda"] + ["modelcif" + part for part in (
        "", ".model", ".dumper", ".reference", ".protocol", ".alignment", ".qa_metric", ".associated")]:
    sys.modules.setdefault(missing, Anything(missing))



def softmax_(scores, rows, columns):
    scores.copy_(scores.softmax(-1))


def softmax_backward_(weights, output_gradient, values, rows, columns, value_columns):
    gradient = output_gradient @ values.transpose(-1, -2)
    weights.mul_(gradient - (gradient * weights).sum(-1, keepdim=True))


attention = sys.modules["attn_core_inplace_cuda"]
attention.forward_, attention.backward_ = softmax_, softmax_backward_

options = measured_steps.arguments(steps=5, files=["openfold", "batch"])
sys.path.insert(0, options.openfold)

from openfold.config import model_config  # noqa: E402
from openfold.model.model import AlphaFold  # noqa: E402
from openfold.utils.exponential_moving_average import ExponentialMovingAverage  # noqa: E402
from openfold.utils.loss import AlphaFoldLoss  # noqa: E402
from openfold.utils.tensor_utils import tensor_tree_map  # noqa: E402

config = model_config("initial_training", train=True)
config.globals.blocks_per_ckpt = 1
torch.manual_seed(0)
torch.backends.cuda.matmul.allow_tf32 = True
model = AlphaFold(config).cuda().train()
loss_of = AlphaFoldLoss(config.loss)
average = ExponentialMovingAverage(model, 0.999)
average.to("cuda")
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, eps=1e-5)
batch = {name: value.cuda() for name, value in torch.load(options.batch).items()}


def step():
    with torch.autocast("cuda", torch.bfloat16):
        out = model(batch)
        loss, _ = loss_of(out, tensor_tree_map(lambda t: t[..., -1], batch), _return_breakdown=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    average.update(model)
    optimizer.zero_grad(set_to_none=True)


measured_steps.run(step, options)
