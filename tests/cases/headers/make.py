"""Builds the small files of tests/headers.rs with the official packages: `pip install gguf==0.19.0 safetensors==0.8.0`.

Run it in this folder. Files of architectures are headers without data, with the real widths of a published model and
few of its layers; the rest are whole files. `expected.json` holds what the packages, not Ridgepoint, say of them.
"""

import json
import math
import re
from pathlib import Path

import gguf
import numpy as np
import safetensors
from gguf import GGMLQuantizationType as T

HERE = Path(__file__).parent
EXPECTED = {}


# GGUF


def stored(shape, kind):
    """Bytes of a tensor, from the table of the package."""
    block, size = gguf.GGML_QUANT_SIZES[kind]
    assert shape[-1] % block == 0, (shape, kind)
    return math.prod(shape) // block * size


class File:
    """The header of a GGUF file of one architecture."""

    def __init__(self, name, arch, **keys):
        self.name, self.arch, self.tensors = name, arch, []
        self.keys = keys
        self.bias = set()
        self.kv_values = None
        self.windowed = 0

    def add(self, name, *shape, kind=T.F32):
        base = re.sub(r"^blk\.\d+\.", "blk.{bid}.", name)
        base = re.sub(r"\.(weight|bias)$", "", base)
        arch = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}[self.arch]
        known = {gguf.TENSOR_NAMES[tensor] for tensor in gguf.MODEL_TENSORS[arch]}
        # The package forgets a few that its converter writes.
        forgotten = {"token_embd_norm", "blk.{bid}.attn_norm_2", "rope_freqs", "blk.{bid}.attn_qkv", "blk.{bid}.exp_probs_b"}
        assert base in known | forgotten, (self.arch, base)
        self.tensors.append((name, shape, kind))

    def matrix(self, name, *shape, kind=T.F16, bias=False):
        self.add(f"{name}.weight", *shape, kind=kind)
        if bias:
            self.add(f"{name}.bias", *([shape[0]] if len(shape) == 2 else shape[:2]))

    def norm(self, name, width, bias=False):
        self.add(f"{name}.weight", width)
        if bias:
            self.add(f"{name}.bias", width)

    def write(self):
        path = HERE / f"{self.name}.gguf"
        writer = gguf.GGUFWriter(path, self.arch)
        writer.add_type("model")
        writer.add_name(self.name)
        for key, value in self.keys.items():
            key = f"{self.arch}.{key}"
            if isinstance(value, bool):
                writer.add_bool(key, value)
            elif isinstance(value, float):
                writer.add_float32(key, value)
            elif isinstance(value, list):
                writer.add_array(key, value)
            else:
                writer.add_uint32(key, value)
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list([f"token{i}" for i in range(8)])
        writer.add_token_scores([-float(i) for i in range(8)])
        writer.add_token_types([1] * 8)
        writer.add_bos_token_id(0)
        offset, end, by_type = 0, 0, {}
        for name, shape, kind in self.tensors:
            size = stored(shape, kind)
            if kind in (T.F32, T.F16):
                dtype = np.float32 if kind == T.F32 else np.float16
                writer.add_tensor_info(name, shape, np.dtype(dtype), size)
            else:
                bytes_shape = gguf.quant_shape_to_byte_shape(shape, kind)
                writer.add_tensor_info(name, bytes_shape, np.dtype(np.uint8), size, raw_dtype=kind)
            end = offset + size
            offset = -(-end // 32) * 32
            total = by_type.setdefault(kind.name, [0, 0, 0])
            total[0] += 1
            total[1] += math.prod(shape)
            total[2] += size
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        header = -(-path.stat().st_size // 32) * 32
        EXPECTED[path.name] = {
            "architecture": self.arch,
            "tensors": len(self.tensors),
            "elements": sum(math.prod(shape) for _, shape, _ in self.tensors),
            "bytes": sum(stored(shape, kind) for _, shape, kind in self.tensors),
            "file_size": header + end,
            "by_type": by_type,
            "kv_values_per_token": self.kv_values,
            "windowed_layers": self.windowed,
        }


def decoder(
    name,
    arch,
    *,
    hidden,
    layers,
    heads,
    ff,
    vocab,
    kv=None,
    head=None,
    write_head=False,
    tied=False,
    qkv_bias=False,
    output_bias=False,
    mlp_bias=False,
    norm_bias=False,
    head_bias=False,
    fused_qkv=False,
    gated=True,
    fused_gate=False,
    norms=("attn_norm", "ffn_norm"),
    qk_norm=None,
    windowed=0,
    keys=None,
    positions=0,
    embedding_norm=False,
    rope_factors=(),
    experts=None,
    latent=None,
    sinks=False,
    predicting=0,
    context=4096,
    kinds=None,
):
    """A decoder: one option for each thing in which the architectures differ. Shapes are those that
    `load_arch_tensors` of llama.cpp's src/models/ expects, (outputs, inputs)."""
    kv, head = kv or heads, head or hidden // heads
    all_keys = {
        "context_length": context,
        "embedding_length": hidden,
        "block_count": layers,
        "feed_forward_length": ff,
        "attention.head_count": heads,
        "attention.head_count_kv": kv,
        "rope.freq_base": 10000.0,
    }
    if write_head:
        all_keys |= {"attention.key_length": head, "attention.value_length": head}
    file = File(name, arch, **(all_keys | (keys or {})))
    file.windowed = windowed
    file.kv_values = (layers - predicting) * 2 * kv * head
    kind = lambda tensor, layer: (kinds or {}).get(tensor, lambda _: T.F16)(layer)

    file.matrix("token_embd", vocab, hidden, kind=kind("token_embd", 0))
    if positions:
        file.add("position_embd.weight", positions, hidden)
    if embedding_norm:
        file.norm("token_embd_norm", hidden, norm_bias)
    for factor, width in rope_factors:
        file.add(f"{factor}.weight", width)
    file.norm("output_norm", hidden, norm_bias)
    if not tied:
        file.matrix("output", vocab, hidden, kind=kind("output", 0), bias=head_bias)

    for layer in range(layers):
        blk = lambda tensor: f"blk.{layer}.{tensor}"
        matrix = lambda tensor, *shape, bias=False: file.matrix(
            blk(tensor), *shape, kind=kind(tensor, layer), bias=bias
        )
        for norm in norms:
            file.norm(blk(norm), hidden, norm_bias)
        if latent:
            latent_attention(file, matrix, blk, hidden, heads, **latent)
        elif fused_qkv:
            matrix("attn_qkv", (heads + 2 * kv) * head, hidden, bias=qkv_bias)
            matrix("attn_output", hidden, heads * head, bias=output_bias)
        else:
            matrix("attn_q", heads * head, hidden, bias=qkv_bias)
            matrix("attn_k", kv * head, hidden, bias=qkv_bias)
            matrix("attn_v", kv * head, hidden, bias=qkv_bias)
            matrix("attn_output", hidden, heads * head, bias=output_bias)
        if qk_norm == "head":
            file.add(blk("attn_q_norm.weight"), head)
            file.add(blk("attn_k_norm.weight"), head)
        elif qk_norm == "each":
            file.add(blk("attn_q_norm.weight"), heads, head)
            file.add(blk("attn_k_norm.weight"), kv, head)
        elif qk_norm == "all":
            file.add(blk("attn_q_norm.weight"), heads * head)
            file.add(blk("attn_k_norm.weight"), kv * head)
        if sinks:
            file.add(blk("attn_sinks.weight"), heads)
        if experts and layer >= experts.get("dense", 0):
            mixture(file, matrix, blk, hidden, **experts)
        elif gated and fused_gate:
            matrix("ffn_up", 2 * ff, hidden)
            matrix("ffn_down", hidden, ff)
        else:
            if gated:
                matrix("ffn_gate", ff, hidden, bias=mlp_bias)
            matrix("ffn_up", ff, hidden, bias=mlp_bias)
            matrix("ffn_down", hidden, ff, bias=mlp_bias)
        if layer >= layers - predicting:
            matrix("nextn.eh_proj", hidden, 2 * hidden)
            matrix("nextn.embed_tokens", vocab, hidden)
            matrix("nextn.shared_head_head", vocab, hidden)
            for norm in ("nextn.enorm", "nextn.hnorm", "nextn.shared_head_norm"):
                file.add(blk(f"{norm}.weight"), hidden)
    if latent:
        file.kv_values = layers * (latent["kv_rank"] + latent["rope"])
    file.write()


def latent_attention(file, matrix, blk, hidden, heads, *, kv_rank, rope, nope, value, q_rank=None, split=False):
    if q_rank:
        matrix("attn_q_a", q_rank, hidden)
        file.norm(blk("attn_q_a_norm"), q_rank)
        matrix("attn_q_b", heads * (nope + rope), q_rank)
    else:
        matrix("attn_q", heads * (nope + rope), hidden)
    matrix("attn_kv_a_mqa", kv_rank + rope, hidden)
    file.norm(blk("attn_kv_a_norm"), kv_rank)
    if split:
        matrix("attn_k_b", heads, kv_rank, nope)
        matrix("attn_v_b", heads, value, kv_rank)
    else:
        matrix("attn_kv_b", heads * (nope + value), kv_rank)
    matrix("attn_output", hidden, heads * value)


def mixture(file, matrix, blk, hidden, *, n, width, bias=False, router_bias=False, correction=False, shared=0,
            shared_gate=False, dense=0):
    matrix("ffn_gate_inp", n, hidden, bias=router_bias)
    for tensor in ("ffn_gate_exps", "ffn_up_exps"):
        matrix(tensor, n, width, hidden, bias=bias)
    matrix("ffn_down_exps", n, hidden, width, bias=bias)
    if correction:
        file.add(blk("exp_probs_b.bias"), n)
    if shared:
        matrix("ffn_gate_shexp", shared, hidden)
        matrix("ffn_up_shexp", shared, hidden)
        matrix("ffn_down_shexp", hidden, shared)
    if shared_gate:
        file.add(blk("ffn_gate_inp_shexp.weight"), hidden)


def architectures():
    # Llama 3.1 8B whole, in the recipe Q4_K_M (`use_more_bits` in llama.cpp's src/llama-quant.cpp).
    more = lambda i: T.Q6_K if i < 4 or i >= 28 or (i - 4) % 3 == 2 else T.Q4_K
    q4 = lambda _: T.Q4_K
    decoder("llama-3.1-8b-q4_k_m", "llama", hidden=4096, layers=32, heads=32, kv=8, ff=14336, vocab=128256,
            context=131072, rope_factors=[("rope_freqs", 64)],
            kinds={"output": lambda _: T.Q6_K, "attn_v": more, "ffn_down": more, "token_embd": q4, "attn_q": q4,
                   "attn_k": q4, "attn_output": q4, "ffn_gate": q4, "ffn_up": q4})

    decoder("arcee", "arcee", hidden=2560, layers=2, heads=20, kv=4, head=128, ff=18432, vocab=128004,
            gated=False, write_head=True)
    decoder("bloom", "bloom", hidden=1024, layers=2, heads=16, ff=4096, vocab=250880, gated=False, fused_qkv=True,
            qkv_bias=True, output_bias=True, mlp_bias=True, norm_bias=True, tied=True, embedding_norm=True)
    decoder("chatglm", "chatglm", hidden=4096, layers=2, heads=32, kv=2, ff=13696, vocab=151552, fused_qkv=True,
            qkv_bias=True, fused_gate=True)
    decoder("cohere2", "cohere2", hidden=4096, layers=8, heads=32, kv=8, ff=14336, vocab=256000, tied=True,
            norms=("attn_norm",), windowed=6, keys={"attention.sliding_window": 4096})
    decoder("command-r-plus", "command-r", hidden=12288, layers=2, heads=96, kv=8, ff=33792, vocab=256000, tied=True,
            norms=("attn_norm",), qk_norm="each")
    decoder("deepseek-v2-lite", "deepseek2", hidden=2048, layers=3, heads=16, ff=10944, vocab=102400,
            latent={"kv_rank": 512, "rope": 64, "nope": 128, "value": 128},
            experts={"n": 64, "width": 1408, "shared": 2816, "dense": 1},
            keys={"attention.kv_lora_rank": 512, "attention.key_length": 192, "attention.value_length": 128,
                  "rope.dimension_count": 64, "expert_count": 64, "expert_used_count": 6, "expert_shared_count": 2,
                  "expert_feed_forward_length": 1408, "leading_dense_block_count": 1})
    decoder("deepseek-v3", "deepseek2", hidden=7168, layers=4, heads=128, kv=1, ff=18432, vocab=129280,
            latent={"kv_rank": 512, "rope": 64, "nope": 128, "value": 128, "q_rank": 1536, "split": True},
            experts={"n": 256, "width": 2048, "shared": 2048, "dense": 3, "correction": True},
            keys={"attention.kv_lora_rank": 512, "attention.q_lora_rank": 1536, "attention.key_length": 576,
                  "attention.value_length": 512, "attention.key_length_mla": 192, "attention.value_length_mla": 128,
                  "rope.dimension_count": 64, "expert_count": 256, "expert_used_count": 8, "expert_shared_count": 1,
                  "expert_feed_forward_length": 2048, "leading_dense_block_count": 3})
    decoder("falcon-7b", "falcon", hidden=4544, layers=2, heads=71, kv=1, ff=18176, vocab=65024, fused_qkv=True,
            gated=False, norms=("attn_norm",), norm_bias=True)
    decoder("falcon-40b", "falcon", hidden=8192, layers=2, heads=128, kv=8, ff=32768, vocab=65024, fused_qkv=True,
            gated=False, norms=("attn_norm", "attn_norm_2"), norm_bias=True)
    decoder("gemma-2b", "gemma", hidden=2048, layers=2, heads=8, kv=1, head=256, ff=16384, vocab=256000, tied=True,
            write_head=True)
    four = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
    decoder("gemma-2-2b", "gemma2", hidden=2304, layers=4, heads=8, kv=4, head=256, ff=9216, vocab=256000, tied=True,
            write_head=True, norms=four, windowed=2, keys={"attention.sliding_window": 4096})
    decoder("gemma-3-1b", "gemma3", hidden=1152, layers=7, heads=4, kv=1, head=256, ff=6912, vocab=262144, tied=True,
            write_head=True, norms=four, qk_norm="head", windowed=6, keys={"attention.sliding_window": 512})
    decoder("glm-4-9b", "glm4", hidden=4096, layers=2, heads=32, kv=2, ff=13696, vocab=151552, fused_gate=True,
            qkv_bias=True, norms=four)
    decoder("glm-4.5-air", "glm4moe", hidden=4096, layers=3, heads=96, kv=8, head=128, ff=10944, vocab=151552,
            write_head=True, qkv_bias=True, norms=("attn_norm", "post_attention_norm"), predicting=1,
            experts={"n": 128, "width": 1408, "shared": 1408, "dense": 1, "correction": True},
            keys={"expert_count": 128, "expert_used_count": 8, "expert_shared_count": 1,
                  "expert_feed_forward_length": 1408, "leading_dense_block_count": 1, "nextn_predict_layers": 1})
    decoder("gpt-2", "gpt2", hidden=768, layers=2, heads=12, ff=3072, vocab=50257, gated=False, fused_qkv=True,
            qkv_bias=True, output_bias=True, mlp_bias=True, norm_bias=True, positions=1024, context=1024)
    decoder("gpt-oss-20b", "gpt-oss", hidden=2880, layers=4, heads=64, kv=8, head=64, ff=2880, vocab=201088,
            write_head=True, qkv_bias=True, output_bias=True, sinks=True, windowed=2,
            norms=("attn_norm", "post_attention_norm"),
            experts={"n": 32, "width": 2880, "bias": True, "router_bias": True},
            kinds={tensor: lambda _: T.MXFP4 for tensor in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")},
            keys={"attention.sliding_window": 128, "expert_count": 32, "expert_used_count": 4,
                  "expert_feed_forward_length": 2880})
    decoder("granite-3.1-8b", "granite", hidden=4096, layers=2, heads=32, kv=8, ff=12800, vocab=49155, tied=True)
    decoder("internlm2-7b", "internlm2", hidden=4096, layers=2, heads=32, kv=8, ff=14336, vocab=92544)
    decoder("mixtral-8x7b", "llama", hidden=4096, layers=2, heads=32, kv=8, ff=14336, vocab=32000,
            experts={"n": 8, "width": 14336}, keys={"expert_count": 8, "expert_used_count": 2})
    decoder("ministral-3-8b", "mistral3", hidden=4096, layers=2, heads=32, kv=8, head=128, ff=14336, vocab=131072,
            write_head=True)
    decoder("nemotron-4b", "nemotron", hidden=3072, layers=2, heads=24, kv=8, head=128, ff=9216, vocab=256000,
            gated=False, norm_bias=True, write_head=True)
    two_after = ("post_attention_norm", "post_ffw_norm")
    decoder("olmo-2-7b", "olmo2", hidden=4096, layers=2, heads=32, ff=11008, vocab=100352, norms=two_after,
            qk_norm="all")
    decoder("olmo-3-7b", "olmo2", hidden=4096, layers=5, heads=32, ff=11008, vocab=100278, norms=two_after,
            qk_norm="all", windowed=4,
            keys={"attention.sliding_window": 4096, "attention.sliding_window_pattern": [True, True, True, False, True]})
    decoder("olmoe-1b-7b", "olmoe", hidden=2048, layers=2, heads=16, ff=1024, vocab=50304, qk_norm="all",
            experts={"n": 64, "width": 1024}, keys={"expert_count": 64, "expert_used_count": 8})
    decoder("phi-2", "phi2", hidden=2560, layers=2, heads=32, ff=10240, vocab=51200, gated=False, norms=("attn_norm",),
            norm_bias=True, qkv_bias=True, output_bias=True, mlp_bias=True, head_bias=True)
    decoder("phi-3-mini-128k", "phi3", hidden=3072, layers=2, heads=32, ff=8192, vocab=32064, fused_qkv=True,
            fused_gate=True, windowed=2, rope_factors=[("rope_factors_long", 48), ("rope_factors_short", 48)],
            context=131072, keys={"attention.sliding_window": 262144, "rope.dimension_count": 96})
    decoder("qwen1.5-moe-a2.7b", "qwen2moe", hidden=2048, layers=2, heads=16, ff=5632, vocab=151936, qkv_bias=True,
            experts={"n": 60, "width": 1408, "shared": 5632, "shared_gate": True},
            keys={"expert_count": 60, "expert_used_count": 4, "expert_feed_forward_length": 1408,
                  "expert_shared_feed_forward_length": 5632})
    decoder("qwen2-7b", "qwen2", hidden=3584, layers=2, heads=28, kv=4, ff=18944, vocab=152064, qkv_bias=True)
    decoder("qwen3-0.6b", "qwen3", hidden=1024, layers=2, heads=16, kv=8, head=128, ff=3072, vocab=151936, tied=True,
            write_head=True, qk_norm="head")
    decoder("qwen3-30b-a3b", "qwen3moe", hidden=2048, layers=2, heads=32, kv=4, head=128, ff=6144, vocab=151936,
            write_head=True, qk_norm="head", experts={"n": 128, "width": 768},
            keys={"expert_count": 128, "expert_used_count": 8, "expert_feed_forward_length": 768})
    decoder("stablelm-2-1.6b", "stablelm", hidden=2048, layers=2, heads=32, ff=5632, vocab=100352, norm_bias=True,
            qkv_bias=True, keys={"use_parallel_residual": False})
    decoder("starcoder2-3b", "starcoder2", hidden=3072, layers=2, heads=24, kv=2, ff=12288, vocab=49152, gated=False,
            norm_bias=True, qkv_bias=True, output_bias=True, mlp_bias=True, tied=True)

    # Not translated: its tensors are known, a model is not.
    other = File("mamba", "mamba", block_count=1, embedding_length=768, **{"ssm.state_size": 16})
    other.matrix("token_embd", 50280, 768)
    other.norm("output_norm", 768)
    other.matrix("blk.0.ssm_in", 3072, 768)
    other.write()


def types():
    """One tensor of each type that the package can write."""
    file = File("types", "llama", block_count=1)
    kinds = [kind for kind in T if kind not in (T.Q8_1,) and kind in gguf.GGML_QUANT_SIZES]
    file.add = lambda name, *shape, kind: file.tensors.append((name, shape, kind))
    for kind in kinds:
        file.add(f"{kind.name}.weight", 3, 512, kind=kind)
    path = HERE / "types.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    for name, shape, kind in file.tensors:
        bytes_shape = gguf.quant_shape_to_byte_shape(shape, kind)
        writer.add_tensor_info(name, bytes_shape, np.dtype(np.uint8), stored(shape, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    EXPECTED[path.name] = {"by_type": {kind.name: [1, 1536, stored((3, 512), kind)] for kind in kinds}}


def whole():
    """A whole file with every type of metadata, an alignment of its own, and data."""
    path = HERE / "whole.gguf"
    writer = gguf.GGUFWriter(path, "example")
    writer.add_custom_alignment(64)
    for kind in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"):
        getattr(writer, f"add_{kind}")(f"example.{kind}", -7 if kind[0] == "i" else 7)
    writer.add_float32("example.float32", 0.5)
    writer.add_float64("example.float64", 0.25)
    writer.add_bool("example.bool", True)
    writer.add_string("example.text", "grüß dich")
    writer.add_array("example.numbers", [1, 2, 3])
    writer.add_array("example.switches", [True, False])
    writer.add_array("example.texts", ["a", "bc", ""])
    writer.add_array("example.scores", [0.5, 1.5])
    writer.add_tensor("first.weight", np.arange(10, dtype=np.float32))
    writer.add_tensor("second.weight", np.ones((3, 32), dtype=np.float16))
    writer.add_tensor("third.weight", gguf.quantize(np.ones((2, 64), dtype=np.float32), T.Q8_0), raw_dtype=T.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reader = gguf.GGUFReader(path)
    EXPECTED[path.name] = {
        "tensors": {tensor.name: [tensor.tensor_type.name, [int(n) for n in tensor.shape], int(tensor.n_elements),
                                  int(tensor.n_bytes), int(tensor.data_offset - reader.data_offset)]
                    for tensor in reader.tensors},
        "data_start": int(reader.data_offset),
        "file_size": path.stat().st_size,
    }


# safetensors

BITS = {"bool": 8, "uint8": 8, "int8": 8, "float8_e4m3fn": 8, "float8_e5m2": 8, "float8_e8m0fnu": 8, "int16": 16,
        "uint16": 16, "float16": 16, "bfloat16": 16, "int32": 32, "uint32": 32, "float32": 32, "float64": 64,
        "int64": 64, "uint64": 64}


def save(name, tensors, parameters, metadata=None):
    """`tensors`: name -> (dtype, shape). `parameters`: what they stand for, by the layout's own definition."""
    zeros = np.zeros(1 << 16, dtype=np.uint8)
    size = lambda dtype, shape: math.prod(shape) * BITS[dtype] // 8
    data = {
        tensor: safetensors.TensorSpec(dtype=dtype, shape=list(shape), data_ptr=zeros.ctypes.data,
                                       data_len=size(dtype, shape))
        for tensor, (dtype, shape) in tensors.items()
    }
    path = HERE / f"{name}.safetensors"
    path.write_bytes(safetensors.serialize(data, metadata))
    read = dict(safetensors.deserialize(path.read_bytes()))
    by_type = {}
    for tensor in read.values():
        total = by_type.setdefault(tensor["dtype"], [0, 0, 0])
        total[0] += 1
        total[1] += math.prod(tensor["shape"])
        total[2] += len(tensor["data"])
    EXPECTED[path.name] = {"tensors": len(read), "by_type": by_type, "file_size": path.stat().st_size,
                           "parameters": parameters}


def files():
    o, i, g = 64, 128, 32
    linear = o * i
    plain = {"norm.weight": ("bfloat16", (i,)), "embed.weight": ("bfloat16", (8, i))}
    rest = i + 8 * i
    layer = "model.layers.0.mlp.up_proj."
    named = lambda tensors: {layer + leaf: tensor for leaf, tensor in tensors.items()} | plain

    save("dtypes", {dtype: (dtype, (2, 3)) for dtype in BITS} | {"scalar": ("float32", ()), "empty": ("float16", (0, 4))},
         len(BITS) * 6 + 1)
    save("buffers", plain | {
        "h.0.attn.bias": ("float32", (1, 1, 16, 16)), "h.0.attn.masked_bias": ("float32", ()),
        "h.0.attn.rotary_emb.inv_freq": ("float32", (16,)), "h.0.attn.c_attn.bias": ("float32", (24,)),
        "logit_scale": ("float32", ()), "conv.scale": ("float32", (5,)),
    }, rest + 24 + 1 + 5)
    for bits in (2, 3, 4, 8):
        save(f"gptq-{bits}", named({
            "qweight": ("int32", (i * bits // 32, o)), "qzeros": ("int32", (i // g, o * bits // 32)),
            "scales": ("float16", (i // g, o)), "g_idx": ("int32", (i,)), "bias": ("float16", (o,)),
        }), linear + o + rest)
    save("awq", named({
        "qweight": ("int32", (i, o // 8)), "qzeros": ("int32", (i // g, o // 8)), "scales": ("float16", (i // g, o)),
    }), linear + rest)
    for bits in (4, 8):
        save(f"compressed-tensors-{bits}", named({
            "weight_packed": ("int32", (o, i * bits // 32)), "weight_scale": ("bfloat16", (o, i // g)),
            "weight_shape": ("int64", (2,)),
        }), linear + rest)
    save("bitsandbytes-nf4", named({
        "weight": ("uint8", (linear // 2, 1)), "weight.absmax": ("uint8", (linear // 64,)),
        "weight.nested_absmax": ("float32", (1,)), "weight.nested_quant_map": ("float32", (256,)),
        "weight.quant_map": ("float32", (16,)), "weight.quant_state.bitsandbytes__nf4": ("uint8", (80,)),
    }), linear + rest)
    save("bitsandbytes-int8", named({
        "weight": ("int8", (o, i)), "SCB": ("float32", (o,)), "weight_format": ("uint8", ()),
    }), linear + rest)
    save("fp8-block", named({
        "weight": ("float8_e4m3fn", (o, i)), "weight_scale_inv": ("float32", (1, 1)), "input_scale": ("float32", ()),
    }) | {"experts.gate_up_proj": ("float8_e4m3fn", (2, 4, 8)), "experts.gate_up_proj_scale": ("float32", (2, 1, 1))},
        linear + 64 + rest)
    save("nvfp4", named({
        "weight": ("uint8", (o, i // 2)), "weight_scale": ("float8_e4m3fn", (o, i // 16)),
        "weight_scale_2": ("float32", ()), "input_scale": ("float32", ()),
    }), linear + rest)
    save("mxfp4-packed", named({
        "weight_packed": ("uint8", (o, i // 2)), "weight_scale": ("uint8", (o, i // 32)),
    }), linear + rest)
    save("gpt-oss", plain | {
        "mlp.experts.gate_up_proj_blocks": ("uint8", (2, 16, 4, 16)), "mlp.experts.gate_up_proj_bias": ("bfloat16", (2, 16)),
        "mlp.experts.gate_up_proj_scales": ("uint8", (2, 16, 4)), "self_attn.sinks": ("bfloat16", (8,)),
    }, 2 * 16 * 128 + 2 * 16 + 8 + rest)
    mlx = lambda bits, group: {
        "weight": ("uint32", (o, i * bits // 32)), "scales": ("bfloat16", (o, i // group)),
        "biases": ("bfloat16", (o, i // group)),
    }
    save("mlx-4", named(mlx(4, 64)), linear + rest, {"format": "mlx"})
    # A mixture of widths: the router has 8 bits.
    save("mlx-mixed", named(mlx(4, 64)) | {f"router.{leaf}": tensor for leaf, tensor in mlx(8, 64).items()},
         2 * linear + rest, {"format": "mlx"})
    save("mlx-mxfp4", named({"weight": ("uint32", (o, i // 8)), "scales": ("uint8", (o, i // 32))}), linear + rest,
         {"format": "mlx"})
    save("aqlm", named({
        "codes": ("int16", (o, i // 8, 1)), "codebooks": ("float16", (1, 16, 1, 8)), "scales": ("float16", (o, 1, 1, 1)),
    }), None)


for old in [*HERE.glob("*.gguf"), *HERE.glob("*.safetensors")]:
    old.unlink()
architectures()
types()
whole()
files()
lines = [f"  {json.dumps(name)}: {json.dumps(facts)}" for name, facts in sorted(EXPECTED.items())]
(HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
largest = max([*HERE.glob("*.gguf"), *HERE.glob("*.safetensors")], key=lambda path: path.stat().st_size)
assert largest.stat().st_size < 20_000, (largest, largest.stat().st_size)
