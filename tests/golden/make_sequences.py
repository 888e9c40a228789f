"""Golden data of the models from one sequence to another: the same models once more, in plain PyTorch.

Run here: python3 make_sequences.py   (needs PyTorch; the data were made with 1.13.1)
Writes sequences.json.
"""
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from golden import case, whole, write

torch.manual_seed(8)
cases = []
SOURCE, LENGTHS = whole([[3, 4, 5, 6], [6, 3, 0, 0]]), whole([4, 2])
TARGET_IN, TARGET_OUT = whole([[1, 3, 4], [1, 5, 0]]), whole([[3, 4, 2], [5, 2, 0]])


def fresh(module):
    """Parameters of float32 numbers, all of them in use: norms about 1, the others within 0.5 of 0."""
    norms = {f"{at}.weight" for at, part in module.named_modules() if isinstance(part, nn.LayerNorm)}
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.copy_((torch.rand_like(p) - 0.5 + (name in norms)).float().double())
    return module


def add(name, kind, options, model, outputs):
    logits = outputs["logits"]
    outputs["loss"] = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), TARGET_OUT.reshape(-1), ignore_index=0)
    inputs = {"source": SOURCE, "lengths": LENGTHS, "target_in": TARGET_IN, "target_out": TARGET_OUT}
    cases.append(case(name, kind, options, dict(model.named_parameters()), inputs, outputs))
    if options.get("tie_embeddings", False):  # one parameter, which a state dict has under both its names
        cases[-1]["state"]["target_embedding.weight"] = cases[-1]["state"]["source_embedding.weight"]


# ---- GRU encoder-decoder ----------------------------------------------------
class Seq2Seq(nn.Module):
    def __init__(self, o):
        super().__init__()
        e, h, layers, self.kind = o["embedding_dim"], o["hidden_size"], o.get("num_layers", 1), o["attention"]
        ways = 2 if o.get("bidirectional", True) else 1

        def encoder():
            return nn.ModuleList(nn.GRU(e if i == 0 else h, h // ways, batch_first=True) for i in range(layers))

        self.source_embedding = nn.Embedding(o["source_vocab"], e, padding_idx=0)
        self.target_embedding = self.source_embedding if o.get("tie_embeddings", False) else \
            nn.Embedding(o["target_vocab"], e, padding_idx=0)
        self.encoder = encoder()
        self.encoder_reverse = encoder() if ways == 2 else None
        self.bridge = nn.ModuleList(nn.Linear(h, h) for _ in range(layers))
        additive = self.kind == "additive"
        self.decoder = nn.GRU(e + h if additive else e, h, layers, batch_first=True)
        self.attn = nn.Module()
        if self.kind != "dot":
            self.attn.key_proj = nn.Linear(h, h, False)
        if additive:
            self.attn.query_proj, self.attn.score = nn.Linear(h, h, False), nn.Linear(h, 1, False)
        self.combine, self.output = nn.Linear(2 * h, h, False), nn.Linear(h, o["target_vocab"])

    def encode(self, source):
        """One source [S] -> its states [S,H], and the decoder's first [L,H]."""
        x, first = self.source_embedding(source)[None], []
        for i, bridge in enumerate(self.bridge):
            output, end = self.encoder[i](x)
            ends = [end[0, 0]]
            if self.encoder_reverse:
                back, end = self.encoder_reverse[i](x.flip(1))
                output = torch.cat([output, back.flip(1)], 2)
                ends.append(end[0, 0])
            x = output
            first.append(torch.tanh(bridge(torch.cat(ends))))
        return x[0], torch.stack(first)

    def look(self, query, memory):
        if self.kind == "additive":
            scores = self.attn.score(torch.tanh(self.attn.query_proj(query) + self.attn.key_proj(memory)))[:, 0]
        else:
            scores = (memory if self.kind == "dot" else self.attn.key_proj(memory)) @ query
        weights = scores.softmax(0)
        return weights @ memory, weights

    def decode(self, memory, state, target_in):
        found, alignment = [], []
        for x in self.target_embedding(target_in):
            if self.kind == "additive":
                context, weights = self.look(state[-1], memory)
                output, state = self.decoder(torch.cat([x, context])[None], state)
            else:
                output, state = self.decoder(x[None], state)
                context, weights = self.look(output[0], memory)
            found.append(torch.cat([context, output[0]]))
            alignment.append(F.pad(weights, (0, SOURCE.shape[1] - len(weights))))
        return self.output(torch.tanh(self.combine(torch.stack(found)))), torch.stack(alignment)

    def forward(self):
        rows = [self.decode(*self.encode(source[:n]), target) for source, n, target in zip(SOURCE, LENGTHS, TARGET_IN)]
        return {"logits": torch.stack([row[0] for row in rows]), "alignment": torch.stack([row[1] for row in rows])}


def seq2seq(name, **options):
    options = {"source_vocab": 8, "target_vocab": 7, "embedding_dim": 3, "hidden_size": 4, **options}
    model = fresh(Seq2Seq(options))
    add(name, "seq2seq", options, model, model())


seq2seq("Bahdanau's attention, two layers, both directions", attention="additive", num_layers=2)
seq2seq("Bahdanau's attention, one direction", attention="additive", bidirectional=False)
seq2seq("Luong's dot, one table", attention="dot", source_vocab=7, tie_embeddings=True)
seq2seq("Luong's general, two layers, one direction", attention="general", num_layers=2, bidirectional=False)


# ---- Transformer ------------------------------------------------------------
def sinusoidal(length, dim):
    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, dim, 2) / dim)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(length, dim)


class Transformer(nn.Module):
    def __init__(self, o):
        super().__init__()
        e, n, first = o["d_model"], o["num_layers"], o.get("norm_first", False)
        self.kind, self.tied = o.get("positions", "sinusoidal"), o.get("tie_embeddings", False)
        self.source_embedding = nn.Embedding(o["source_vocab"], e)
        self.target_embedding = self.source_embedding if self.tied else nn.Embedding(o["target_vocab"], e)
        if self.kind == "learned":
            self.source_positions = nn.Embedding(o["max_length"], e)
            self.target_positions = nn.Embedding(o["max_length"], e)
        sizes = {"dim_feedforward": o["dim_feedforward"], "dropout": 0.0, "activation": o.get("activation", "relu"),
                 "batch_first": True, "norm_first": first}
        norm = (lambda: nn.LayerNorm(e)) if first else lambda: None
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(e, o["num_heads"], **sizes), n, norm())
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(e, o["num_heads"], **sizes), n, norm())
        if not self.tied:
            self.output = nn.Linear(e, o["target_vocab"])

    def embed(self, table, side, tokens):
        x = table(tokens) * math.sqrt(table.weight.shape[1])
        if self.kind == "learned":
            return x + getattr(self, side + "_positions").weight[: x.shape[1]]
        return x + sinusoidal(*x.shape[1:]) if self.kind == "sinusoidal" else x

    def forward(self):
        padded = torch.arange(SOURCE.shape[1]) >= LENGTHS[:, None]
        memory = self.encoder(self.embed(self.source_embedding, "source", SOURCE), src_key_padding_mask=padded)
        steps = TARGET_IN.shape[1]
        x = self.decoder(self.embed(self.target_embedding, "target", TARGET_IN), memory,
                         tgt_mask=torch.ones(steps, steps).triu(1).bool(), memory_key_padding_mask=padded)
        return {"logits": F.linear(x, self.target_embedding.weight) if self.tied else self.output(x)}


def transformer(name, **options):
    options = {"source_vocab": 8, "target_vocab": 7, "max_length": 5, "d_model": 8, "num_heads": 2, "num_layers": 1,
               "dim_feedforward": 12, "dropout": 0, **options}
    model = fresh(Transformer(options))
    add(name, "transformer", options, model, model())


transformer("Transformer of the paper's order, two layers", num_layers=2)
transformer("Transformer with norms first, GELU, learned positions", norm_first=True, activation="gelu",
            positions="learned")
transformer("Transformer with one table, without positions", source_vocab=7, tie_embeddings=True, positions="none")

write(Path(__file__).with_name("sequences.json"), cases)
