"""Golden data of the plain layers, functions and losses, from PyTorch.

Run here: python3 make_layers.py   (needs PyTorch; the data were made with 1.13.1)
Writes layers.json.
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from golden import case, round_parameters, uniform, whole, write

torch.manual_seed(4)
cases = []


def layer(name, kind, options, module, x):
    module = round_parameters(module)
    cases.append(case(name, kind, options, dict(module.named_parameters()), {"x": x}, {"output": module(x)}))


def function(name, kind, options, inputs, output):
    cases.append(case(name, kind, options, {}, inputs, {"output": output}))


# ---- layers of one tensor ---------------------------------------------------
layer("linear", "Linear", {"in_features": 4, "out_features": 3}, nn.Linear(4, 3), uniform(2, 3, 4))
layer("linear of a vector", "Linear", {"in_features": 5, "out_features": 3}, nn.Linear(5, 3), uniform(5))
layer("linear without bias", "Linear", {"in_features": 4, "out_features": 6, "bias": False},
      nn.Linear(4, 6, bias=False), uniform(3, 4))

for name, padding in (("embedding", None), ("embedding with padding", 2), ("embedding with padding from the end", -1)):
    options = {"num_embeddings": 6, "embedding_dim": 3, **({} if padding is None else {"padding_idx": padding})}
    layer(name, "Embedding", options, nn.Embedding(6, 3, padding_idx=padding), whole([[2, 0, 5], [5, 2, 1]]))

layer("layer norm", "LayerNorm", {"normalized_shape": 5}, nn.LayerNorm(5), uniform(2, 3, 5))
layer("layer norm with a large eps", "LayerNorm", {"normalized_shape": 5, "eps": 0.1}, nn.LayerNorm(5, eps=0.1),
      uniform(3, 5))
layer("layer norm without weights", "LayerNorm", {"normalized_shape": 7, "elementwise_affine": False},
      nn.LayerNorm(7, elementwise_affine=False), uniform(3, 7))
x, weight = uniform(3, 4), uniform(4)  # PyTorch 1.13 has no option `bias` yet
cases.append(case("layer norm without bias", "LayerNorm", {"normalized_shape": 4, "bias": False}, {"weight": weight},
                  {"x": x}, {"output": F.layer_norm(x, (4,), weight, None)}))


def rms_norm(x, eps):  # nor has it RMSNorm: arXiv:1910.07467
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)


for name, options, eps in (("rms norm", {}, 1e-6), ("rms norm with a large eps", {"eps": 0.1}, 0.1)):
    x, weight = uniform(2, 3, 5), uniform(5)
    cases.append(case(name, "RMSNorm", {"normalized_shape": 5, **options}, {"weight": weight}, {"x": x},
                      {"output": rms_norm(x, eps) * weight}))
x = uniform(3, 6)
cases.append(case("rms norm without weights", "RMSNorm", {"normalized_shape": 6, "elementwise_affine": False}, {},
                  {"x": x}, {"output": rms_norm(x, 1e-6)}))

layer("sequential with every activation", "Sequential",
      {"sizes": [3, 5, 4, 5, 4, 3], "activations": ["relu", "gelu", "silu", "tanh", "sigmoid"]},
      nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.GELU(), nn.Linear(4, 5), nn.SiLU(),
                    nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3), nn.Sigmoid()), uniform(4, 3, low=-2, high=2))


# ---- GRU --------------------------------------------------------------------
def gru(name, options, x, h0=None, training=True):
    module = round_parameters(nn.GRU(**options)).train(training)
    inputs = {"x": x, **({} if h0 is None else {"h0": h0})}
    output, hn = module(*inputs.values())
    cases.append(case(name, "GRU", options, dict(module.named_parameters()), inputs, {"output": output, "hn": hn}))


gru("gru", {"input_size": 3, "hidden_size": 4}, uniform(5, 2, 3))
gru("gru from a state", {"input_size": 3, "hidden_size": 5}, uniform(4, 2, 3), uniform(1, 2, 5))
gru("gru of two layers", {"input_size": 3, "hidden_size": 4, "num_layers": 2}, uniform(4, 2, 3))
gru("gru both ways", {"input_size": 4, "hidden_size": 3, "bidirectional": True}, uniform(5, 2, 4))
gru("gru without bias", {"input_size": 4, "hidden_size": 3, "bias": False}, uniform(4, 2, 4))
gru("gru with the batch first", {"input_size": 4, "hidden_size": 3, "batch_first": True}, uniform(2, 5, 4),
    uniform(1, 2, 3))
gru("gru with all of it", {"input_size": 3, "hidden_size": 4, "num_layers": 2, "bias": False, "batch_first": True,
                           "bidirectional": True}, uniform(3, 4, 3), uniform(4, 3, 4))
gru("gru without a batch", {"input_size": 3, "hidden_size": 3, "bidirectional": True, "batch_first": True},
    uniform(4, 3), uniform(2, 3))
gru("gru whose dropout rests", {"input_size": 3, "hidden_size": 3, "num_layers": 2, "dropout": 0.5}, uniform(4, 2, 3),
    training=False)

# ---- functions --------------------------------------------------------------
for dim in (0, 1, -1):
    x = uniform(3, 4, 5, low=-3, high=3)
    function(f"softmax over {dim}", "softmax", {"dim": dim}, {"x": x}, F.softmax(x, dim))
    x = uniform(3, 4, 5, low=-3, high=3)
    function(f"log softmax over {dim}", "log_softmax", {"dim": dim}, {"x": x}, F.log_softmax(x, dim))
for name, f in (("relu", F.relu), ("gelu", F.gelu), ("silu", F.silu), ("tanh", torch.tanh), ("sigmoid", torch.sigmoid)):
    x = uniform(3, 7, low=-4, high=4)
    function(name, "unary", {"f": name}, {"x": x}, f(x))


def attention(q, k, v, scale, mask=None):  # PyTorch 1.13 has no function for it
    scores = q @ k.transpose(-1, -2) * scale
    return torch.softmax(scores if mask is None else scores + mask, -1) @ v


for name, options in (("attention", {}), ("attention, causal", {"is_causal": True}),
                      ("attention with a scale", {"scale": 0.9}), ("attention with a mask", {})):
    inputs = {"query": uniform(2, 2, 4, 5), "key": uniform(2, 2, 4, 5), "value": uniform(2, 2, 4, 3)}
    if "mask" in name:
        inputs["attn_mask"] = uniform(4, 4)
    mask = torch.full((4, 4), -torch.inf).triu(1) if "is_causal" in options else inputs.get("attn_mask")
    function(name, "scaled_dot_product_attention", options, inputs,
             attention(inputs["query"], inputs["key"], inputs["value"], options.get("scale", 5**-0.5), mask))

for name, options in (("conv1d", {}), ("conv1d with a stride", {"stride": 2}),
                      ("conv1d with padding", {"stride": 3, "padding": 2})):
    x, weight, bias = uniform(2, 3, 8), uniform(4, 3, 3), uniform(4)
    function(name, "conv1d", options, {"input": x, "weight": weight, "bias": bias}, F.conv1d(x, weight, bias, **options))
x, weight = uniform(2, 3, 8), uniform(4, 3, 3)
function("conv1d without bias", "conv1d", {}, {"input": x, "weight": weight}, F.conv1d(x, weight))

# ---- losses -----------------------------------------------------------------
def logits(*shape):
    return uniform(*shape, low=-3, high=3)


def frozen(*shape, low, high):
    return uniform(*shape, low=low, high=high).detach()


def cross_entropy(name, x, target, weight=None, **options):
    inputs = {"logits": x, "target": target, **({} if weight is None else {"weight": weight})}
    function(name, "cross_entropy", options, inputs, F.cross_entropy(x, target, weight, **options))


classes = whole([1, 3, 0, 2, 3])
cross_entropy("cross-entropy", logits(5, 4), classes)
cross_entropy("cross-entropy of one row", logits(4), whole(2))
for reduction in ("mean", "sum", "none"):
    cross_entropy(f"cross-entropy with every option, {reduction}", logits(5, 4), classes,
                  frozen(4, low=0.2, high=2), ignore_index=3, label_smoothing=0.1, reduction=reduction)
    cross_entropy(f"cross-entropy at many places, {reduction}", logits(2, 4, 3), whole([[1, 3, 0], [2, 3, 1]]),
                  frozen(4, low=0.2, high=2), reduction=reduction)
    cross_entropy(f"cross-entropy against probabilities, {reduction}", logits(2, 4, 3),
                  torch.softmax(logits(2, 4, 3), 1).detach().float().double().requires_grad_(),
                  frozen(4, low=0.2, high=2), label_smoothing=0.2, reduction=reduction)
cross_entropy("cross-entropy with weights", logits(5, 4), classes, frozen(4, low=0.2, high=2))
cross_entropy("cross-entropy that ignores a class", logits(5, 4), classes, ignore_index=3)
cross_entropy("cross-entropy with label smoothing", logits(5, 4), classes, label_smoothing=0.3)

for reduction in ("mean", "sum", "none"):
    for name, extra in (("", {}), (" with weights", {"weight": (3, 1)}), (" with positive weights", {"pos_weight": (4,)}),
                        (" with both weights", {"weight": (4,), "pos_weight": (3, 4)})):
        x, target = logits(3, 4), uniform(3, 4, low=0)
        weights = {key: frozen(*shape, low=0.3, high=3) for key, shape in extra.items()}
        function(f"binary cross-entropy{name}, {reduction}", "binary_cross_entropy_with_logits",
                 {"reduction": reduction}, {"logits": x, "target": target, **weights},
                 F.binary_cross_entropy_with_logits(x, target, reduction=reduction, **weights))
    x, target = uniform(3, 4), uniform(3, 4)
    function(f"squared error, {reduction}", "mse_loss", {"reduction": reduction}, {"input": x, "target": target},
             F.mse_loss(x, target, reduction=reduction))

write(Path(__file__).with_name("layers.json"), cases)
