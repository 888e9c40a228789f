"""What the scripts that make golden data share: inputs, and how a case is written down.

Every number that goes in is rounded to float32 first; everything is then computed in float64, so that what comes out is
what exact arithmetic gives for the numbers in the file.
"""
import json

import torch

torch.set_default_dtype(torch.float64)


def uniform(*shape, low=-1.0, high=1.0):
    """A leaf of float32 numbers."""
    return (torch.rand(shape) * (high - low) + low).float().double().requires_grad_()


def whole(values):
    return torch.tensor(values, dtype=torch.int64)


def round_parameters(module):
    """The module's own first values to float32; drawn anew, wider than theirs, so that nothing vanishes."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_((torch.rand_like(p) * 2 - 1).float().double())
    return module


def tensor(x):
    x = x.detach()
    kind = {} if x.is_floating_point() else {"dtype": "int32"}
    values = x.reshape(-1).tolist()
    return {"shape": list(x.shape), **kind, "values": [float(f"{v:.9g}") if x.is_floating_point() else v for v in values]}


def case(name, layer, options, state, inputs, outputs):
    """One case: gradients are of sum(output * output_gradient) over all outputs, of every leaf that they depend on."""
    for x in [*state.values(), *inputs.values()]:
        x.grad = None
    weights = {key: uniform(*y.shape).detach() for key, y in outputs.items()}
    sum((y * weights[key]).sum() for key, y in outputs.items()).backward()
    leaves = {**state, **inputs}
    assert len(leaves) == len(state) + len(inputs), name
    return {
        "name": name, "layer": layer, "options": options,
        "state": {key: tensor(x) for key, x in state.items()},
        "inputs": {key: tensor(x) for key, x in inputs.items()},
        "outputs": {key: tensor(y) for key, y in outputs.items()},
        "output_gradients": {key: tensor(g) for key, g in weights.items()},
        "gradients": {key: tensor(x.grad) for key, x in leaves.items() if x.grad is not None},
    }


def write(path, cases):
    """One case a line, so that a change shows as one."""
    assert len({c["name"] for c in cases}) == len(cases)
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
