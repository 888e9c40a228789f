"""Golden data for optimisers, clipping and schedules, computed by PyTorch.

Run here: /usr/bin/python3 make_optim.py > optim.json   (needs PyTorch; 1.13 of Debian's python3-torch made the file)
Parameters and gradients are float32 numbers, the arithmetic is float64.  A gradient of null is one that the parameter
does not have at that step.  `steps` holds every parameter after each step, `state` what PyTorch remembers at the end.
"""
import json
import math
import torch

torch.manual_seed(4)
SHAPES = [[3, 2], [5], []]
MISSING = {(0, 2), (3, 1)}  # (step, parameter)


def rounded(shape, scale=1.0):
    return (torch.randn(shape) * scale).to(torch.float64)


parameters = [rounded(s) for s in SHAPES]
# Of different sizes from step to step, so that a running maximum differs from the running mean.
gradients = [[None if (t, i) in MISSING else rounded(s, 2.0 ** -t) for i, s in enumerate(SHAPES)] for t in range(5)]

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.2}),
    ("Adam", {}),
    ("Adam", {"lr": 0.02, "betas": (0.7, 0.95)}),
    ("Adam", {"lr": 0.02, "eps": 0.1}),
    ("Adam", {"lr": 0.02, "weight_decay": 0.3}),
    ("Adam", {"lr": 0.02, "betas": (0.5, 0.6), "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.02, "betas": (0.5, 0.6), "weight_decay": 0.1, "amsgrad": True}),
]


def plain(x):
    if isinstance(x, torch.Tensor):
        return plain(x.tolist())
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, float):
        return float("%.9g" % x)
    return x


def run(name, options):
    leaves = [p.clone().requires_grad_() for p in parameters]
    optimizer = getattr(torch.optim, name)(leaves, **options)
    steps = []
    for row in gradients:
        for leaf, gradient in zip(leaves, row):
            leaf.grad = None if gradient is None else gradient.clone()
        optimizer.step()
        steps.append([leaf.detach().clone() for leaf in leaves])
    state = {f"state.{i}.{key}": plain(value) for i, entry in optimizer.state_dict()["state"].items()
             for key, value in entry.items() if isinstance(value, torch.Tensor) and key != "step"}
    return {"optimizer": name, "options": plain_options(options), "steps": plain(steps), "state": state}


def plain_options(options):
    flat = {k: float(v) for k, v in options.items() if k != "betas"}
    for i, beta in enumerate(options.get("betas", ())):
        flat[f"beta{i + 1}"] = beta
    return flat


def clip(max_norm, norm_type):
    leaves = [p.clone().requires_grad_() for p in parameters]
    for leaf, gradient in zip(leaves, gradients[0]):
        leaf.grad = None if gradient is None else gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_(leaves, max_norm, norm_type)
    return {"max_norm": max_norm, "norm_type": "inf" if math.isinf(norm_type) else norm_type, "norm": plain(norm),
            "gradients": plain([leaf.grad for leaf in leaves])}


def schedule(lr, total, warmup, min_lr):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    lrs = torch.optim.lr_scheduler
    cosine = lrs.CosineAnnealingLR(optimizer, total - warmup, eta_min=min_lr)
    both = cosine
    if warmup:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        up = lrs.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
        cosine = lrs.CosineAnnealingLR(optimizer, total - warmup, eta_min=min_lr)
        both = lrs.SequentialLR(optimizer, [up, cosine], [warmup])
    values = []
    for _ in range(total + 1):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        both.step()
    return {"lr": lr, "total_steps": total, "warmup_steps": warmup, "min_lr": min_lr, "values": plain(values)}


out = {
    "parameters": plain(parameters),
    "gradients": plain(gradients),
    "cases": [run(*case) for case in CASES],
    "clips": [clip(0.5, 2.0), clip(0.5, 1.0), clip(0.5, math.inf), clip(0.5, 3.0), clip(100.0, 2.0)],
    "schedules": [schedule(0.3, 10, 0, 0.0), schedule(0.3, 12, 4, 0.05)],
}
print(json.dumps(out, separators=(",", ":")).replace('{"optimizer"', '\n{"optimizer"'))
