"""Golden safetensors files, written by the format's description with struct and json alone.

Run here: python3 make_checkpoint.py
dtypes.safetensors has every dtype that is read, elements that begin anywhere, and values of all kinds; what they are
stands in tests/native/safetensors_test.cpp.  written.safetensors is what our own writer has to give, byte for byte.
gpt.safetensors is the first model of models.json with its config, for the same logits natively, in Node and in browsers.
With a file's name as argument, prints what is in it: `python3 make_checkpoint.py FILE`.
"""
import json
import struct
import sys

CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "U8": "B", "BOOL": "?", "BF16": "H"}


def count(shape):
    n = 1
    for size in shape:
        n *= size
    return n


def write(tensors, metadata, sort_keys):
    """tensors: [(name, dtype, shape, values)], values of BF16 as their 16 bits."""
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, dtype, shape, values in tensors:
        assert len(values) == count(shape), name
        part = struct.pack("<%d%s" % (len(values), CODES[dtype]), *values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":"), sort_keys=sort_keys, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def read(data):
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = []
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        code = "<%d%s" % (count(entry["shape"]), CODES[entry["dtype"]])
        tensors.append((name, entry["dtype"], entry["shape"], list(struct.unpack(code, data[8 + length:][begin:end]))))
    return tensors, metadata


if len(sys.argv) > 1:
    print(*read(open(sys.argv[1], "rb").read()), sep="\n")
    sys.exit()

DTYPES = [
    ("bytes", "U8", [3], [0, 7, 255]),  # so that what follows is not aligned
    ("half", "F16", [2, 3], [1.5, -65504.0, 2.0 ** -24, -0.0, 0.333251953125, 2.0 ** -14]),
    ("brain", "BF16", [4], [0x3FC0, 0xC2F7, 0x0001, 0x7F7F]),  # 1.5, -123.5, 2^-133, 2^128 - 2^120
    ("truth", "BOOL", [2], [True, False]),
    ("single", "F32", [], [-0.15625]),
    ("double", "F64", [2], [0.1, -3e38]),
    ("long", "I64", [2], [-2147483648, 2147483647]),
    ("int", "I32", [1, 2], [-5, 2147483647]),
    ("none", "F32", [0, 3], []),
]
WRITTEN = [
    ("weight", "F32", [2, 3], [0.0, 1.0, -2.5, 0.1, 3e38, 1e-45]),
    ("bias", "F32", [], [0.5]),
    ("empty", "F32", [2, 0], []),
    ("偏置", "I32", [2], [-1, 2147483647]),
]
MODEL = json.load(open("models.json"))[0]
GPT = [(name, "F32", x["shape"], x["values"]) for name, x in MODEL["state"].items()]
for name, data in [("dtypes", write(DTYPES, {"note": "写 by hand"}, False)),
                   ("written", write(WRITTEN, {"config": '{"layers":2}'}, True)),
                   ("gpt", write(GPT, {"model": MODEL["layer"], "config": json.dumps(MODEL["options"])}, True))]:
    with open(name + ".safetensors", "wb") as file:
        file.write(data)
tensors, metadata = read(open("written.safetensors", "rb").read())
assert [t[:3] for t in tensors] == [("weight", "F32", [2, 3]), ("bias", "F32", []), ("empty", "F32", [2, 0]),
                                    ("偏置", "I32", [2])] and metadata == {"config": '{"layers":2}'}
