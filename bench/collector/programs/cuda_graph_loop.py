"""A training step of a small Transformer in one CUDA graph, as PyTorch's notes on CUDA graphs show it."""
import torch

import measured_steps


def name_modules(model):
    """Ranges of the modules, forward, as many trainers have them."""
    for name, module in model.named_modules():
        if name:
            module.register_forward_pre_hook(lambda *_, name=name: torch.cuda.nvtx.range_push(name) and None)
            module.register_forward_hook(lambda *_: torch.cuda.nvtx.range_pop() and None)


options = measured_steps.arguments(steps=50)
torch.manual_seed(0)
layer = torch.nn.TransformerEncoderLayer(256, 4, 1024, dropout=0.0, batch_first=True)
model = torch.nn.TransformerEncoder(layer, 4, enable_nested_tensor=False).cuda()
name_modules(model)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, capturable=True)
sample = torch.randn(16, 128, 256, device="cuda")
target = torch.randn(16, 128, 256, device="cuda")


def train_step():
    optimizer.zero_grad(set_to_none=True)
    torch.cuda.nvtx.range_push("forward")
    loss = torch.nn.functional.mse_loss(model(sample), target)
    torch.cuda.nvtx.range_pop()
    torch.cuda.nvtx.range_push("backward")
    loss.backward()
    torch.cuda.nvtx.range_pop()
    torch.cuda.nvtx.range_push("optimizer")
    optimizer.step()
    torch.cuda.nvtx.range_pop()


stream = torch.cuda.Stream()
stream.wait_stream(torch.cuda.current_stream())
with torch.cuda.stream(stream):
    for _ in range(3):
        train_step()
torch.cuda.current_stream().wait_stream(stream)
graph = torch.cuda.CUDAGraph()
optimizer.zero_grad(set_to_none=True)
with torch.cuda.graph(graph):
    train_step()
measured_steps.run(graph.replay, options)
