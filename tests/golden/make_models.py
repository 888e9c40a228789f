"""Golden data of the models: the same models once more, in plain PyTorch.

Run here: python3 make_models.py   (needs PyTorch; the data were made with 1.13.1)
Writes models.json.
"""
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from golden import case, uniform, whole, write

torch.manual_seed(6)
cases = []


def fresh(module):
    """Parameters of float32 numbers, all of them in use: norms about 1, the others within 0.5 of 0."""
    norms = {f"{at}.weight" for at, part in module.named_modules() if isinstance(part, (nn.LayerNorm, RMSNorm))}
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.copy_((torch.rand_like(p) - 0.5 + (name in norms)).float().double())
    return module


class RMSNorm(nn.Module):  # arXiv:1910.07467
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * self.weight


def sinusoidal(length, dim):
    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, dim, 2) / dim)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(length, dim)


class Parameters(nn.Module):
    """A part that is nothing but its parameters."""

    def __init__(self, **shapes):
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name, shape and nn.Parameter(torch.zeros(shape)))


# ---- GPT --------------------------------------------------------------------
def rotary(x):  # [B,H,T,D], arXiv:2104.09864
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[-2])[:, None] * 10000.0 ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)


def alibi(heads, steps):  # [H,T,S], arXiv:2108.12409; heads is a power of 2
    distance = torch.arange(steps)[:, None] - torch.arange(steps)
    return -distance.abs() * 2.0 ** (-8 * torch.arange(1, heads + 1) / heads)[:, None, None]


class Attention(nn.Module):
    def __init__(self, o):
        super().__init__()
        e, d = o["d_model"], o["d_model"] // o["num_heads"]
        self.positions, self.heads, self.groups = o["positions"], o["num_heads"], o.get("num_kv_heads", o["num_heads"])
        few, bias = self.groups * d, o.get("bias", True)
        if self.groups == self.heads:
            self.in_proj_weight = nn.Parameter(torch.zeros(3 * e, e))
        else:
            self.q_proj_weight = nn.Parameter(torch.zeros(e, e))
            self.k_proj_weight = nn.Parameter(torch.zeros(few, e))
            self.v_proj_weight = nn.Parameter(torch.zeros(few, e))
        self.in_proj_bias = nn.Parameter(torch.zeros(e + 2 * few)) if bias else None
        self.out_proj = nn.Linear(e, e, bias)
        self.sizes = (e, few, few)

    def forward(self, x):
        batch, steps, e = x.shape
        weight = self.in_proj_weight if self.groups == self.heads else \
            torch.cat([self.q_proj_weight, self.k_proj_weight, self.v_proj_weight])
        q, k, v = (y.reshape(batch, steps, -1, e // self.heads).transpose(1, 2)
                   for y in F.linear(x, weight, self.in_proj_bias).split(self.sizes, -1))
        if self.positions == "rotary":
            q, k = rotary(q), rotary(k)
        k, v = (y.repeat_interleave(self.heads // self.groups, 1) for y in (k, v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if self.positions == "alibi":
            scores = scores + alibi(self.heads, steps)
        scores = scores.masked_fill(torch.ones(steps, steps).triu(1).bool(), -math.inf)
        return self.out_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, steps, e))


class Block(nn.Module):
    def __init__(self, o):
        super().__init__()
        norm = {"layer": nn.LayerNorm, "rms": RMSNorm}[o.get("norm", "layer")]
        e, width, bias = o["d_model"], o.get("dim_feedforward", 4 * o["d_model"]), o.get("bias", True)
        activation = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU}[o.get("activation", "gelu")]
        self.ln1, self.attn, self.ln2 = norm(e), Attention(o), norm(e)
        self.mlp = nn.Sequential(nn.Linear(e, width, bias), activation(), nn.Linear(width, e, bias))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, o):
        super().__init__()
        e = o["d_model"]
        self.kind = o["positions"]
        self.embed = nn.Embedding(o["vocab_size"], e)
        if self.kind == "learned":
            self.positions = nn.Embedding(o["max_length"], e)
        self.blocks = nn.ModuleList(Block(o) for _ in range(o["num_layers"]))
        self.ln_f = {"layer": nn.LayerNorm, "rms": RMSNorm}[o.get("norm", "layer")](e)
        self.head = nn.Linear(e, o["vocab_size"], False)
        if o.get("tie_weights", False):
            self.head.weight = self.embed.weight

    def forward(self, tokens):
        x = self.embed(tokens)
        if self.kind == "learned":
            x = x + self.positions.weight[: x.shape[1]]
        if self.kind == "sinusoidal":
            x = x + sinusoidal(*x.shape[1:])
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


def gpt(name, **options):
    options = {"vocab_size": 7, "max_length": 8, "d_model": 8, "num_heads": 2, "num_layers": 1, **options}
    model = fresh(GPT(options))
    tokens, targets = whole([[3, 0, 6, 2, 2], [1, 5, 4, 0, 3]]), whole([[0, 6, 2, 2, 1], [-100, 4, 0, 3, -100]])
    logits = model(tokens)
    loss = F.cross_entropy(logits.reshape(-1, 7), targets.reshape(-1))
    cases.append(case(name, "gpt", options, dict(model.named_parameters()), {"tokens": tokens, "targets": targets},
                      {"logits": logits, "loss": loss}))
    if options.get("tie_weights", False):  # one parameter, which a state dict has under both its names
        cases[-1]["state"]["head.weight"] = cases[-1]["state"]["embed.weight"]


gpt("GPT of two blocks with learned positions and a tied head", num_layers=2, positions="learned", dim_feedforward=12,
    tie_weights=True)
gpt("GPT with rotary positions, RMS norm, SiLU and fewer heads of keys, without biases", num_heads=4, num_kv_heads=2,
    positions="rotary", norm="rms", activation="silu", bias=False)
gpt("GPT with ALiBi and ReLU", positions="alibi", activation="relu", dim_feedforward=12)
gpt("GPT with sinusoidal positions", positions="sinusoidal", dim_feedforward=12)


# ---- encoders ---------------------------------------------------------------
def encoder(o):
    first = o.get("norm_first", True)
    layer = nn.TransformerEncoderLayer(o["d_model"], o["num_heads"], o["dim_feedforward"], 0.0,
                                       o.get("activation", "gelu"), batch_first=True, norm_first=first)
    return nn.TransformerEncoder(layer, o["num_layers"], nn.LayerNorm(o["d_model"]) if first else None)


def pool_parameters(kind, e):
    pool = Parameters(cls=(1, e) if kind == "cls" else None, query=(e,) if kind == "attention" else None)
    if kind == "attention":
        pool.proj = nn.Linear(e, e)
    return pool


class Encoded(nn.Module):
    """What is behind the embedding x [B,T,D] of Classifier and ViT."""

    def __init__(self, o, places):
        super().__init__()
        e = o["d_model"]
        self.kind = o["pooling"]
        if o.get("positions", "learned") == "learned":
            self.positions = nn.Embedding(places + (self.kind == "cls"), e)
        self.sinusoidal = o.get("positions") == "sinusoidal"
        self.pool = pool_parameters(self.kind, e)
        self.encoder = encoder(o)
        self.head = nn.Linear(e, o["num_classes"])

    def classify(self, x, padded):
        if self.kind == "cls":
            x = torch.cat([self.pool.cls.expand(x.shape[0], 1, -1), x], 1)
            padded = F.pad(padded, (1, 0), value=False)
        if hasattr(self, "positions"):
            x = x + self.positions.weight[: x.shape[1]]
        if self.sinusoidal:
            x = x + sinusoidal(*x.shape[1:])
        x = self.encoder(x, src_key_padding_mask=padded)
        if self.kind == "cls":
            return self.head(x[:, 0])
        if self.kind == "mean":
            return self.head(torch.stack([row[~out].mean(0) for row, out in zip(x, padded)]))
        scores = torch.tanh(self.pool.proj(x)) @ self.pool.query
        weights = scores.masked_fill(padded, -math.inf).softmax(-1)
        return self.head((weights[..., None] * x).sum(1))


class Classifier(Encoded):
    def __init__(self, o):
        super().__init__(o, o["max_length"])
        self.embed = nn.Embedding(o["vocab_size"], o["d_model"])

    def forward(self, tokens, padded):
        return self.classify(self.embed(tokens), padded)


class ViT(Encoded):
    def __init__(self, o):
        self.side = o["patch_size"]
        super().__init__(o, (o["image_size"] // self.side) ** 2)
        self.channels = o.get("num_channels", 3)
        self.patch_embed = nn.Linear(self.channels * self.side**2, o["d_model"])

    def forward(self, images):  # by the paper's convolution
        weight = self.patch_embed.weight.reshape(-1, self.channels, self.side, self.side)
        x = F.conv2d(images, weight, self.patch_embed.bias, stride=self.side).flatten(2).transpose(1, 2)
        return self.classify(x, torch.zeros(x.shape[:2]).bool())


def classifier(name, **options):
    options = {"vocab_size": 7, "max_length": 6, "num_classes": 3, "d_model": 8, "num_heads": 2, "num_layers": 1,
               "dim_feedforward": 12, **options}
    model = fresh(Classifier(options))
    tokens, padding = whole([[3, 0, 6, 2, 2], [1, 5, 4, 0, 0]]), whole([[0, 0, 0, 0, 0], [0, 0, 0, 1, 1]])
    cases.append(case(name, "classifier", options, dict(model.named_parameters()),
                      {"tokens": tokens, "key_padding_mask": padding}, {"logits": model(tokens, padding.bool())}))


classifier("classifier by a token of its own", pooling="cls", num_layers=2)
classifier("classifier by attention, norms last, ReLU, sinusoidal", pooling="attention", norm_first=False,
           activation="relu", positions="sinusoidal")
classifier("classifier by the mean, without positions", pooling="mean", positions="none", num_classes=1)

for name, options in (("ViT by a token of its own", {"pooling": "cls", "num_channels": 2}),
                      ("ViT by the mean", {"pooling": "mean"})):
    options = {"image_size": 6, "patch_size": 2, "num_classes": 3, "d_model": 8, "num_heads": 2, "num_layers": 1,
               "dim_feedforward": 12, **options}
    model, images = fresh(ViT(options)), uniform(2, options.get("num_channels", 3), 6, 6)
    cases.append(case(name, "vit", options, dict(model.named_parameters()), {"images": images},
                      {"logits": model(images)}))

write(Path(__file__).with_name("models.json"), cases)
