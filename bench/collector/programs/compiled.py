"""torch.compile: Inductor's Triton kernels, forward and backward."""
import torch

import measured_steps

options = measured_steps.arguments(steps=50)
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(512, 2048), torch.nn.GELU(), torch.nn.LayerNorm(2048),
                            torch.nn.Linear(2048, 512)).cuda()
compiled = torch.compile(model)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
x = torch.randn(256, 512, device="cuda")


def step():
    optimizer.zero_grad(set_to_none=True)
    compiled(x).square().mean().backward()
    optimizer.step()


measured_steps.run(step, options)
