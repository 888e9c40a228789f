"""The GPT of the training benchmark in PyTorch, trained by its own AdamW and clipping, on one thread.

torch-gpt.py CONFIG.json INPUTS.f32: the inputs are all parameters in the order of their names, tokens and targets.
Then it does what each line of stdin says and answers with a line: `output FILE` writes the loss and all gradients,
`time N` takes N steps and says how many milliseconds one took.
"""

import json
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        B, T, D = x.shape
        # MultiheadAttention's own forward wants a mask beside is_causal; the function under it does not.
        projected = F.linear(self.ln1(x), self.attn.in_proj_weight, self.attn.in_proj_bias)
        q, k, v = (part.view(B, T, self.heads, D // self.heads).transpose(1, 2) for part in projected.chunk(3, dim=-1))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn.out_proj(z.transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["dModel"]
        self.embed = nn.Embedding(config["vocabSize"], width)
        self.positions = nn.Embedding(config["maxLength"], width)
        self.blocks = nn.ModuleList(Block(width, config["numHeads"]) for _ in range(config["numLayers"]))
        self.ln_f = nn.LayerNorm(width)
        self.head = nn.Linear(width, config["vocabSize"], bias=False)
        if config.get("tieWeights"):
            self.head.weight = self.embed.weight

    def loss(self, tokens, targets):
        x = self.embed(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(self.head(self.ln_f(x)).flatten(0, 1), targets.flatten())


def main(config_file, inputs_file):
    torch.set_num_threads(1)
    with open(config_file) as file:
        config = json.load(file)
    numbers = torch.from_numpy(numpy.fromfile(inputs_file, dtype=numpy.float32))
    model = GPT(config["model"])
    parameters = [x for _, x in sorted(model.named_parameters())]
    at = 0
    with torch.no_grad():
        for x in parameters:
            x.copy_(numbers[at : at + x.numel()].view(x.shape))
            at += x.numel()
    tokens, targets = numbers[at:].long().view(2, config["batch"], -1)
    optimizer = torch.optim.AdamW(parameters, lr=config["lr"], fused=True)  # its fastest

    def step():
        optimizer.zero_grad()
        model.loss(tokens, targets).backward()
        nn.utils.clip_grad_norm_(parameters, config["maxNorm"])
        optimizer.step()

    def output(file):
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        torch.cat([loss.detach().view(1), *(x.grad.flatten() for x in parameters)]).numpy().tofile(file)
        return 0

    def timed(count):
        begin = time.perf_counter()
        for _ in range(int(count)):
            step()
        return 1e3 * (time.perf_counter() - begin) / int(count)

    a = torch.randn(512, 512)
    products = 20
    for _ in range(products):
        a @ a
    begin = time.perf_counter()
    for _ in range(products):
        a @ a
    print(json.dumps({"version": torch.__version__, "gflops": products * 2 * 512**3 / (time.perf_counter() - begin) / 1e9}), flush=True)
    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        print(json.dumps({"output": output, "time": timed}[command](argument.strip())), flush=True)


main(*sys.argv[1:])
