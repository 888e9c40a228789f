"""Golden data of the attention and Transformer layers, from PyTorch.

Run here: python3 make_attention.py   (needs PyTorch; the data were made with 1.13.1)
Writes attention.json. What PyTorch does not have (grouped queries, rotary, ALiBi, additive and dynamic attention) is
written out below, from the papers' formulas.
"""
import math
from pathlib import Path

import torch
from torch import nn

from golden import case, round_parameters, uniform, whole, write

torch.manual_seed(5)
cases = []


def mask(values):
    """Boolean, true forbids; int32 in the file."""
    return torch.tensor(values, dtype=torch.bool)


def recorded(name, layer, options, state, inputs, outputs):
    """With boolean masks as whole numbers."""
    inputs = {key: whole(x.long().tolist()) if x.dtype == torch.bool else x for key, x in inputs.items()}
    cases.append(case(name, layer, options, state, inputs, outputs))


# ---- nn.MultiheadAttention --------------------------------------------------
def multihead(name, options, inputs, masks={}, **call):
    """key is query, and value is key, where inputs leave them out."""
    module = round_parameters(nn.MultiheadAttention(**options))
    query = inputs["query"]
    key = inputs.get("key", query)
    output, weights = module(query, key, inputs.get("value", key), **masks, **call)
    outputs = {"output": output, **({} if weights is None else {"weights": weights})}
    recorded(name, "MultiheadAttention", {**options, **call}, dict(module.named_parameters()), {**inputs, **masks},
             outputs)


small, fused = {"embed_dim": 4, "num_heads": 2}, {"need_weights": False}
padding = mask([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]])
holes = mask([[0, 1, 0, 0, 1], [1, 0, 0, 1, 0]])
forbidden = mask([[0, 1, 1, 0, 1], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0]])
causal = torch.ones(5, 5).triu(1).bool()


def cross(*, e=4, k=4, v=4, t=3, s=5, b=2, batch_first=False):
    sizes = {"query": (t, e), "key": (s, k), "value": (s, v)}
    return {name: uniform(*((b, n, d) if batch_first else (n, b, d))) for name, (n, d) in sizes.items()}


multihead("self-attention", small, {"query": uniform(5, 2, 4)}, **fused)
multihead("self-attention with its weights", small, {"query": uniform(5, 2, 4)})
multihead("self-attention, batch first", {**small, "batch_first": True}, {"query": uniform(2, 5, 4)}, **fused)
multihead("self-attention without a batch", small, {"query": uniform(5, 4)}, **fused)
multihead("weights of each head without a batch", small, {"query": uniform(5, 4)}, average_attn_weights=False)
multihead("weights of each head", {**small, "batch_first": True}, {"query": uniform(2, 4, 4)},
          average_attn_weights=False)
multihead("one head without bias", {"embed_dim": 5, "num_heads": 1, "bias": False}, {"query": uniform(4, 2, 5)}, **fused)
multihead("query and memory", small, {"query": uniform(3, 2, 4), "key": uniform(5, 2, 4)}, **fused)
multihead("query, key and value", small, cross(), **fused)
multihead("kdim and vdim", {**small, "kdim": 3, "vdim": 5}, cross(k=3, v=5))
multihead("kdim alone, batch first, no bias", {**small, "kdim": 6, "bias": False, "batch_first": True},
          cross(k=6, batch_first=True), **fused)
multihead("bias_k and bias_v", {**small, "add_bias_kv": True}, cross(), **fused)
multihead("bias_k and bias_v under masks", {**small, "add_bias_kv": True, "add_zero_attn": True}, cross(),
          {"key_padding_mask": padding, "attn_mask": forbidden}, average_attn_weights=False)
multihead("zero attention", {**small, "add_zero_attn": True}, cross(), **fused)
multihead("padding at the end", small, cross(), {"key_padding_mask": padding}, **fused)
multihead("padding with holes", small, cross(), {"key_padding_mask": holes}, **fused)
multihead("padding that is added", small, cross(), {"key_padding_mask": uniform(2, 5).detach()}, **fused)
multihead("padding without a batch", small, {"query": uniform(5, 4)}, {"key_padding_mask": padding[0]}, **fused)
multihead("a boolean mask", {**small, "batch_first": True}, cross(batch_first=True), {"attn_mask": forbidden}, **fused)
multihead("a boolean mask and padding", small, cross(), {"attn_mask": forbidden, "key_padding_mask": padding}, **fused)
multihead("a mask that is added and learns", small, cross(), {"attn_mask": uniform(3, 5)}, **fused)
multihead("a mask for each head", small, cross(), {"attn_mask": uniform(4, 3, 5).detach()}, **fused)
multihead("a boolean mask for each head", small, cross(),
          {"attn_mask": torch.stack([forbidden, forbidden.flip(1), forbidden.flip(0), ~forbidden])})
x, options = uniform(5, 2, 4), {**small, "num_heads": 1}
module = round_parameters(nn.MultiheadAttention(**options))
recorded("causal", "MultiheadAttention", {**options, "is_causal": True, **fused}, dict(module.named_parameters()),
         {"query": x}, {"output": module(x, x, x, attn_mask=causal, need_weights=False)[0]})


# ---- what PyTorch does not have ---------------------------------------------
def rotary(x, base=10000.0):
    """x [B,H,T,D]: pairs (i, i + D/2) turned, arXiv:2104.09864."""
    t, half = x.shape[-2], x.shape[-1] // 2
    angle = torch.arange(t)[:, None] * base ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def alibi(heads, t):
    """arXiv:2108.12409, for a number of heads that is a power of 2."""
    slopes = 2.0 ** (-8 / heads * torch.arange(1, heads + 1))
    distance = (torch.arange(t)[:, None] - torch.arange(t)).abs()
    return -slopes[:, None, None] * distance


def by_hand(name, layer, options, x, extra=None, adapt=lambda state, scores: (scores, 1)):
    """Self-attention of x [B,T,E]: key and value heads are shared where num_kv_heads asks for it."""
    e, h = options["embed_dim"], options["num_heads"]
    g, d = options.get("num_kv_heads", h), options["embed_dim"] // h
    rows = {"in_proj_weight": (3 * e, e)} if g == h else {
        "q_proj_weight": (e, e), "k_proj_weight": (g * d, e), "v_proj_weight": (g * d, e)}
    sizes = {**rows, "in_proj_bias": (e + 2 * g * d,), "out_proj.weight": (e, e), "out_proj.bias": (e,), **(extra or {})}
    state = {key: uniform(*size) for key, size in sizes.items()}
    weight = state["in_proj_weight"] if g == h else torch.cat([state[key] for key in rows])
    b, t, _ = x.shape
    q, k, v = [y.reshape(b, t, -1, d).transpose(1, 2)
               for y in (x @ weight.T + state["in_proj_bias"]).split([e, g * d, g * d], -1)]
    k, v = [y.repeat_interleave(h // g, 1) for y in (k, v)]
    if options.get("rotary"):
        q, k = rotary(q), rotary(k)
    scores = q @ k.transpose(-1, -2) / math.sqrt(d)
    scores, gate = adapt(state, scores)
    if options.get("alibi"):
        scores = scores + alibi(h, t)
    z = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, e) * gate
    recorded(name, layer, {**options, "batch_first": True, "need_weights": False}, state, {"query": x},
             {"output": z @ state["out_proj.weight"].T + state["out_proj.bias"]})


by_hand("rotary", "MultiheadAttention", {**small, "embed_dim": 8, "rotary": True}, uniform(2, 5, 8))
by_hand("alibi", "MultiheadAttention", {**small, "alibi": True}, uniform(2, 5, 4))
by_hand("grouped queries", "MultiheadAttention", {"embed_dim": 8, "num_heads": 4, "num_kv_heads": 2}, uniform(2, 5, 8))
by_hand("grouped queries, turned", "MultiheadAttention",
        {"embed_dim": 8, "num_heads": 4, "num_kv_heads": 1, "rotary": True}, uniform(2, 3, 8))

x = uniform(2, 5, 4)


def adapt(state, scores):
    warmth = nn.functional.softplus(x @ state["temperature.weight"].T + state["temperature.bias"]) + 1 / 64
    return scores / warmth.transpose(1, 2)[..., None], torch.sigmoid(x @ state["gate.weight"].T + state["gate.bias"])


by_hand("dynamic", "DynamicAttention", small, x,
        {"temperature.weight": (2, 4), "temperature.bias": (2,), "gate.weight": (4, 4), "gate.bias": (4,)}, adapt)

for name, held in (("additive", None), ("additive with padding", padding), ("additive with holes", holes)):
    state = {"query_proj.weight": uniform(6, 4), "key_proj.weight": uniform(6, 3), "score.weight": uniform(1, 6)}
    inputs = cross(k=3, v=5, batch_first=True)
    q, k = inputs["query"] @ state["query_proj.weight"].T, inputs["key"] @ state["key_proj.weight"].T
    scores = (torch.tanh(q[:, :, None] + k[:, None]) @ state["score.weight"].T)[..., 0]
    if held is not None:
        scores = scores.masked_fill(held[:, None], -math.inf)
    weights = scores.softmax(-1)
    recorded(name, "AdditiveAttention", {"query_dim": 4, "key_dim": 3, "attention_dim": 6}, state,
             {**inputs, **({} if held is None else {"key_padding_mask": held})},
             {"output": weights @ inputs["value"], "weights": weights})


# ---- Transformers -----------------------------------------------------------
def transformer(name, kind, options, inputs, masks={}, layers=None, norm=False, training=True):
    layer = getattr(nn, f"Transformer{kind}Layer")(**options)
    if layers:
        final = nn.LayerNorm(options["d_model"], eps=options.get("layer_norm_eps", 1e-5)) if norm else None
        layer = getattr(nn, f"Transformer{kind}")(layer, layers, final)
    module = round_parameters(layer).train(training)
    options = {**options, **({"num_layers": layers, "norm": norm} if layers else {}), "training": training}
    recorded(name, f"Transformer{kind}" + ("" if layers else "Layer"), options, dict(module.named_parameters()),
             {**inputs, **masks}, {"output": module(*inputs.values(), **masks)})


tiny = {"d_model": 4, "nhead": 2, "dim_feedforward": 6, "dropout": 0.0}
transformer("encoder layer", "Encoder", tiny, {"src": uniform(5, 2, 4)})
transformer("encoder layer, evaluated", "Encoder", {**tiny, "dropout": 0.3}, {"src": uniform(5, 2, 4)}, training=False)
transformer("encoder layer, norm first, gelu", "Encoder",
            {**tiny, "norm_first": True, "activation": "gelu", "batch_first": True, "layer_norm_eps": 0.1},
            {"src": uniform(2, 5, 4)}, {"src_mask": causal, "src_key_padding_mask": padding})
transformer("encoder layer without a batch", "Encoder", {**tiny, "dim_feedforward": 3}, {"src": uniform(4, 4)})
transformer("encoder of two with a norm", "Encoder", {**tiny, "batch_first": True}, {"src": uniform(2, 5, 4)},
            {"mask": causal, "src_key_padding_mask": padding}, layers=2, norm=True)
transformer("encoder of two, norm first", "Encoder", {**tiny, "norm_first": True}, {"src": uniform(4, 2, 4)}, layers=2)

both = {"tgt": uniform(3, 2, 4), "memory": uniform(5, 2, 4)}
decoding = {"tgt_mask": causal[:3, :3], "memory_mask": forbidden, "tgt_key_padding_mask": padding[:, 1:4],
            "memory_key_padding_mask": mask([[0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])}
transformer("decoder layer", "Decoder", tiny, both)
transformer("decoder layer under masks", "Decoder", {**tiny, "norm_first": True, "activation": "gelu"}, both, decoding)
transformer("decoder of two with a norm", "Decoder", {**tiny, "batch_first": True, "layer_norm_eps": 0.01},
            {"tgt": uniform(2, 3, 4), "memory": uniform(2, 5, 4)}, decoding, layers=2, norm=True)

write(Path(__file__).with_name("attention.json"), cases)
