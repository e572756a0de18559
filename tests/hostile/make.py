"""Writes the files of tests/hostile.rs with nothing but the descriptions of the formats. Run it in this folder.

`expected.json` was recorded once and then judged entry by entry: parameters were added up by hand, refusals read.
"""

import base64
import json
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
LLAMA = {"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
         "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False}
MARKUP = '<img src=x onerror=alert(1)>'


def put(name, content):
    (HERE / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# Configurations

def config(name, **fields):
    put(f"configs/{name}.json", json.dumps(LLAMA | fields))


config("markup-in-names", _name_or_path=MARKUP, architectures=[MARKUP], torch_dtype="bfloat16", model_name="\u202egnp.exe")
config("markup-in-model-type", model_type=MARKUP, hidden_size=None)
config("markup-in-dtype", torch_dtype=MARKUP)
config("markup-in-quantisation", quantization_config={"quant_method": MARKUP})
put("configs/more-digits-than-a-float.json", json.dumps(LLAMA).replace("4096", "4096" + "0" * 400))
put("configs/exponent-beyond-a-float.json", json.dumps(LLAMA).replace("4096", "4e999"))
put("configs/exponent-that-is-whole.json", json.dumps(LLAMA).replace("4096", "4.096e3"))
put("configs/minus-zero.json", json.dumps(LLAMA).replace("4096", "-0.0"))
config("negative-layers", num_hidden_layers=-1)
config("negative-vocabulary", vocab_size=-(2**63))
config("nested-120", extra=json.loads('{"a":' * 120 + "1" + "}" * 120))
put("configs/nested-500.json", json.dumps(LLAMA)[:-1] + ', "extra": ' + '{"a":' * 500 + "1" + "}" * 500 + "}")
put("configs/same-nested-key-twice.json",
    '{"model_type": "some_vl", "text_config": {"model_type": "llama"}, "text_config": ' + json.dumps(LLAMA) + "}")
config("layer-types-object", layer_types={"0": "full_attention"})
config("layers-text", num_hidden_layers="32")
config("heads-list", num_attention_heads=[32])
config("quantisation-number", quantization_config=7)
config("vision-number", vision_config=3)
put("configs/lone-surrogate.json", json.dumps(LLAMA).replace('"llama"', '"ll\\ud800ama"'))
put("configs/utf-16.json", json.dumps(LLAMA).encode("utf-16"))
put("configs/utf-8-mark.json", b"\xef\xbb\xbf" + json.dumps(LLAMA).encode())
put("configs/not-utf-8.json", json.dumps(LLAMA).encode().replace(b"llama", b"ll\xffma"))
put("configs/nul-inside.json", json.dumps(LLAMA).encode().replace(b"{", b"{\0", 1))
put("configs/cut.json", json.dumps(LLAMA)[:-20])
put("configs/two-values.json", json.dumps(LLAMA) * 2)
config("ten-thousand-layers", num_hidden_layers=10_000)
config("one-of-everything", num_hidden_layers=1, hidden_size=1, intermediate_size=1, num_attention_heads=1,
       num_key_value_heads=1, vocab_size=1)
config("ten-trillion", num_hidden_layers=1000, hidden_size=28672, intermediate_size=88000, num_attention_heads=224,
       num_key_value_heads=224)


# GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

U32, TEXT = 4, 8


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(value)) + value


def field(name, value):
    if isinstance(value, int):
        return text(name) + struct.pack("<II", U32, value)
    return text(name) + struct.pack("<I", TEXT) + text(value)


def tensor(name, shape, offset, kind=0):
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(name, fields, tensors, counts=None, end=b""):
    n_tensors, n_fields = counts or (len(tensors), len(fields))
    start = b"GGUF" + struct.pack("<IQQ", 3, n_tensors, n_fields)
    put(f"gguf/{name}.gguf", start + b"".join(fields + tensors) + end)


def small(name, label="small", **changes):
    """A llama of one layer: 32 x 64 of embeddings, tied, 4 x 64 x 64 of attention, 3 x 64 x 128 of MLP, 3 x 64 of norms."""
    sizes = {"block_count": 1, "embedding_length": 64, "feed_forward_length": 128, "attention.head_count": 4,
             "vocab_size": 32} | changes
    fields = [field("general.architecture", "llama"), field("general.name", label)]
    fields += [field(f"llama.{key}", value) for key, value in sizes.items()]
    shapes = {"token_embd": [64, 32], "output_norm": [64], "blk.0.attn_norm": [64], "blk.0.ffn_norm": [64],
              "blk.0.ffn_gate": [64, 128], "blk.0.ffn_up": [64, 128], "blk.0.ffn_down": [128, 64]}
    shapes |= {f"blk.0.attn_{part}": [64, 64] for part in ("q", "k", "v", "output")}
    tensors, offset = [], 0
    for part, shape in shapes.items():
        tensors.append(tensor(f"{part}.weight", shape, offset))
        size = 4
        for dimension in shape:
            size *= dimension
        offset += size
    gguf(name, fields, tensors)


small("small")
small("markup-in-name", label=MARKUP + "\0\u202e" + "x" * 1000)
small("no-heads", **{"attention.head_count": 0})
small("heads-that-do-not-divide", **{"attention.head_count": 3})
small("head-of-all-there-is", **{"attention.key_length": 2**32 - 1})
small("more-experts-than-atoms", **{"expert_count": 2**32 - 1, "expert_used_count": 2**32 - 1})
small("used-experts-of-none", **{"expert_used_count": 8})
small("layers-without-tensors", **{"block_count": 10_000})
small("window-of-nothing", **{"attention.sliding_window": 0})
gguf("cut-in-a-name", [], [], counts=(0, 1), end=struct.pack("<Q", 100) + b"general.arch")
# Times the least that an entry takes, these counts wrap to a few bytes.
gguf("tensor-count-that-wraps", [], [], counts=(2**64 // 24 + 1, 0))
gguf("field-count-that-wraps", [], [], counts=(0, 2**64 // 13 + 1))
gguf("length-that-wraps", [], [], counts=(0, 1), end=struct.pack("<Q", 2**64 - 24))
gguf("alignment-zero", [field("general.alignment", 0)], [])
gguf("alignment-of-two-gib", [field("general.alignment", 2**31)], [tensor("t", [1], 0)])
gguf("overlap-inside", [], [tensor("long", [64], 0), tensor("inside", [8], 32)])
gguf("empty-tensors-in-one-place", [], [tensor("a", [0], 0), tensor("b", [0, 2**63], 0)])
gguf("offset-that-wraps", [], [tensor("t", [32], 2**64 - 32)])
gguf("more-parts-than-files", [field("split.count", 65535), field("split.no", 65535), field("split.tensors.count", 1)],
     [tensor("t", [8], 0)])
put("gguf/magic-alone.gguf", b"GGUF")


# safetensors: https://github.com/huggingface/safetensors#format

def safetensors(name, header, data=b"", length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    put(f"safetensors/{name}.safetensors", struct.pack("<Q", len(header) if length is None else length) + header + data)


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


safetensors("names-of-markup", {MARKUP: entry(), "__metadata__": {"format": MARKUP, "\0": "\u202e"}}, bytes(8))
safetensors("cut", {"t": entry()}, length=1 << 20)
safetensors("length-zero", b"")
safetensors("overlap-by-a-byte", {"a": entry("I8", [4], [0, 4]), "b": entry("I8", [4], [3, 7])}, bytes(7))
safetensors("hole-of-a-byte", {"a": entry("I8", [4], [0, 4]), "b": entry("I8", [4], [5, 9])}, bytes(9))
safetensors("ends-before-it-starts", {"t": entry("I8", [1], [2**64 - 1, 0])})
safetensors("beyond-64-bits", {"t": entry("I8", [1], [0, 2**64])})
safetensors("nothing-of-much", {"t": entry("F32", [0, 2**64 - 1], [0, 0])})
safetensors("product-that-wraps", {"t": entry("F32", [2**32, 2**32, 0], [0, 0])})
safetensors("ten-thousand-dimensions", {"t": entry("I8", [1] * 10_000, [0, 1])}, bytes(1))
safetensors("half-a-byte", {"t": entry("F4", [3], [0, 2])}, bytes(2))
put("safetensors/index-out-of-its-folder.json", json.dumps({"weight_map": {"t": "../../../etc/passwd"}}))
put("safetensors/index-to-elsewhere.json", json.dumps({"weight_map": {"t": "https://example.org/x.safetensors"}}))
put("safetensors/index-total-below-zero.json",
    json.dumps({"metadata": {"total_size": -1}, "weight_map": {"t": "a.safetensors"}}))
put("safetensors/index-total-of-digits.json",
    '{"metadata": {"total_size": 1' + "0" * 300 + '}, "weight_map": {"t": "a.safetensors"}}')


# Links. {n} counts the repetitions that expected.json asks for.

def packed(content):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflate.compress(content) + deflate.flush()
    return "?model=custom#c=z1:" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def named(name, config, padding=0):
    return name.encode() + b"\n" + json.dumps(config).encode() + b" " * padding


put("links/bomb-of-spaces.txt", packed(named("bomb", LLAMA, 2 << 20)))
put("links/almost-a-bomb.txt", packed(named("large", LLAMA, 1_000_000)))
put("links/bomb-that-is-cut.txt", packed(named("bomb", LLAMA, 2 << 20))[:-40])
put("links/name-of-markup.txt", packed(named(MARKUP + "\t\r" + "x" * 500, LLAMA)))
put("links/no-configuration.txt", packed(b"a name and no more"))
put("links/not-utf-8.txt", packed(b"name\n\xff\xfe{}"))
put("links/distance-before-the-start.txt", "?model=custom#c=z1:" + base64.urlsafe_b64encode(b"\x4b\x04\x92\x00").decode())
put("links/two-models.txt", packed(named("first", LLAMA)) + "&c=z1:AAAA")
put("links/a-megabyte-of-one-key.txt", "&batch={n}")
put("links/a-megabyte-of-keys.txt", "&k{n}=1")
put("links/a-megabyte-of-one-value.txt", "9876543210")
put("links/a-megabyte-of-percent.txt", "%zz%F0%9F%")
put("links/a-megabyte-of-unknown-devices.txt", "rtx-40{n}:1,")
put("links/a-megabyte-of-devices.txt", "rtx-4090:1,rtx-3090:1,")
put("links/a-megabyte-of-fragment.txt", "AAAAAAAA")
