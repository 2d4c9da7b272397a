"""The tiny decoder and its first weights, which hold an induction circuit.

A transformer of this size does not find in a few minutes how to copy from its context, and a base that cannot copy is useless here. So
eight heads are set by hand and everything is trained from there. Five are the circuit of Olsson et al. (2022), "In-context Learning and
Induction Heads" (arXiv:2209.11895), with a second step back: in layer 0 two look-back heads attend one and two positions back and note
which tokens stand there; in layer 1 match heads look for the position whose notes equal the current tokens, and copy what stands there.
The other three look up what a label asks for: a head of layer 0 notes which tokens stand nearby, two of layer 1 look for places that have
the label nearby, and copy what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

LOOK_BACK_SHARPNESS = 11.0  # length of each rotary pair of the look-back heads' biases
NEARBY_SHARPNESS = 4.0  # the same of the head that notes what stands nearby
NEARBY = 4  # positions back, around which it looks
MATCH_GAIN = 2.0  # scale of the query and key maps of a match head that compares one token
NEARBY_GAIN = 2.6  # of a match head that looks for a token nearby
PAIR_GAIN = 2.2  # the same where two are compared, in half as many dimensions each
COPY_GAIN = 0.4  # what a match head adds to the residual stream, against EMBEDDING_STD for the token's own embedding
EMBEDDING_STD = 0.1
LAST_NORM = 1.0  # with tied embeddings logits reach about LAST_NORM · EMBEDDING_STD · hidden / √2: 18 here, enough to be sure of a copy
NOTE = 64  # dimensions in which earlier tokens are noted; there are three such blocks at the end of the residual stream
NOTES = 3 * NOTE


@dataclass(frozen=True)
class Shape:
    """Sizes of the model; every one is a multiple of 64, which 4-bit blocks of bitsandbytes and vector units like."""

    vocabulary: int = 4096
    hidden: int = 320  # at least 256: three notes of 64 and the token itself
    intermediate: int = 640
    layers: int = 4
    context: int = 1024  # positions, as far as training goes

    @property
    def heads(self) -> int:
        """Heads of 64 dimensions."""
        return self.hidden // 64


def build(shape: Shape, generator: torch.Generator, *, pad: int, end: int) -> Any:
    """A `LlamaForCausalLM` with biases in its attention (those of query and key make the look-back heads), float32, circuit in place.

    Not Qwen2, which has the same biases: transformers 5.24 loads every tokenizer beside a Qwen2 model as Qwen2's own, whatever the folder
    says (`MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS` in `models/auto/tokenization_auto.py`), with a token more than the vocabulary has.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        attention_bias=True,
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.context,
        # A high base makes half of the rotary pairs turn so slowly that a match is recognised at any distance within the context.
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=True,
        bos_token_id=None,
        pad_token_id=pad,
        eos_token_id=end,
    )
    model: Any = LlamaForCausalLM(config)
    for layer in model.model.layers:
        layer.self_attn.o_proj.bias.requires_grad_(False)  # comes with `attention_bias`; it has no use here and stays at zero
    with torch.no_grad():
        _random_start(model, shape, generator)
        identity = _orthonormal(NOTE, shape.hidden - NOTES, generator)  # names a token, for noting it and for matching it
        for back in (1, 2):
            _look_back_head(model, shape, identity, back)
        _nearby_head(model, shape, identity)
        _match_heads(model, shape, identity, generator)
    return model


def _random_start(model: Any, shape: Shape, generator: torch.Generator) -> None:
    """Normal weights of std 0.02, a tenth of it where a layer writes into the residual stream, so that the circuit is heard."""
    for name, parameter in sorted(model.named_parameters()):
        if "norm" in name:
            parameter.fill_(LAST_NORM if name == "model.norm.weight" else 1.0)
        elif name.endswith("bias"):
            parameter.zero_()
        else:
            std = EMBEDDING_STD if "embed" in name else 0.002 if "o_proj" in name or "down_proj" in name else 0.02
            parameter.normal_(0.0, std, generator=generator)
    model.model.embed_tokens.weight[:, shape.hidden - NOTES :] = 0.0  # where layer 0 notes the tokens before


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """(rows, columns) with orthonormal rows."""
    q: Tensor = torch.linalg.qr(torch.randn(columns, rows, generator=generator))[0]
    return q.T.contiguous()


def _note(shape: Shape, back: int) -> slice:
    """The dimensions in which the token `back` positions before is noted."""
    return slice(shape.hidden - back * NOTE, shape.hidden - (back - 1) * NOTE)


def _clear(attention: Any, rows: slice) -> None:
    """Nothing left of a head's random start but its biases, which are zero."""
    for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
        projection.weight[rows] = 0.0
    attention.o_proj.weight[:, rows] = 0.0


def _look_back_head(model: Any, shape: Shape, identity: Tensor, back: int) -> None:
    """Head `back - 1` of layer 0: its biases alone make the score Σ cos((m − n − back)·ω), largest `back` positions before."""
    fast = LOOK_BACK_SHARPNESS * (model.model.rotary_emb.inv_freq > 0.01)  # (32,)
    _positional_head(model, shape, identity, head=back - 1, back=back, pairs=fast, note=_note(shape, back))


def _nearby_head(model: Any, shape: Shape, identity: Tensor) -> None:
    """Head 2 of layer 0: slower pairs make the peak so wide that the last eight positions or so are noted together."""
    frequencies = model.model.rotary_emb.inv_freq
    middle = NEARBY_SHARPNESS * ((frequencies > 0.02) & (frequencies < 0.3))
    _positional_head(model, shape, identity, head=2, back=NEARBY, pairs=middle, note=_note(shape, 3))


def _positional_head(model: Any, shape: Shape, identity: Tensor, *, head: int, back: int, pairs: Tensor, note: slice) -> None:
    """A head of layer 0 that looks by position alone, and writes down which tokens stand there."""
    attention = model.model.layers[0].self_attn
    frequencies = model.model.rotary_emb.inv_freq  # (32,)
    start = 64 * head
    rows = slice(start, start + 64)
    _clear(attention, rows)
    # transformers pairs dimension i with i + 32. The key is (1, 0) in each fast pair, the query is turned back by back · ω.
    attention.k_proj.bias[start : start + 32] = pairs
    attention.q_proj.bias[start : start + 32] = pairs * torch.cos(back * frequencies)
    attention.q_proj.bias[start + 32 : start + 64] = -pairs * torch.sin(back * frequencies)
    attention.v_proj.weight[rows, : shape.hidden - NOTES] = identity
    attention.o_proj.weight[note, rows] = EMBEDDING_STD * torch.eye(NOTE)


def _match_heads(model: Any, shape: Shape, identity: Tensor, generator: torch.Generator) -> None:
    """Heads 0 to 2 of layer 1. The query says which token stands here, the key which one stood before; the value is copied out.

    Head 0 compares one token. Heads 1 and 2 compare two in a row, since in text a single piece of a word, or a digit, comes many times;
    each copies half of the dimensions. Only slow rotary pairs are used, so that a match counts alike at any distance.
    """
    attention = model.model.layers[1].self_attn
    own = shape.hidden - NOTES  # dimensions that hold the token's own embedding
    slow = torch.cat([torch.arange(16, 32), torch.arange(48, 64)])
    copied = _orthonormal(own, own, generator)
    shares = (copied[torch.randperm(own, generator=generator)[:64]], copied[:64], copied[own - 64 :])
    for head, share in enumerate(shares):
        rows = slice(64 * head, 64 * head + 64)
        _clear(attention, rows)
        if head == 0:
            here, before = MATCH_GAIN * _orthonormal(32, NOTE, generator), torch.zeros(0, NOTE)
        else:
            here, before = (PAIR_GAIN * _orthonormal(16, NOTE, generator) for _ in range(2))
        query, key = attention.q_proj.weight, attention.k_proj.weight
        first, second = 64 * head + slow[: len(here)], 64 * head + slow[len(here) :]
        query[first, :own] = here @ identity
        key[first, _note(shape, 1)] = here
        query[second, _note(shape, 1)] = before
        key[second, _note(shape, 2)] = before
        attention.v_proj.weight[rows, :own] = share
        attention.o_proj.weight[:own, rows] = COPY_GAIN * share.T
    for head in range(3, shape.heads):
        _nearby_match_head(model, shape, head, asked=head - 2, share=shares[head % 3], generator=generator)


def _nearby_match_head(model: Any, shape: Shape, head: int, *, asked: int, share: Tensor, generator: torch.Generator) -> None:
    """A head of layer 1 that looks for places near which the token stands that stood `asked` positions before, and copies what is there.

    Behind "captain:" that is what stands a few words behind "captain": what a label asks for, wherever in its sentence it is.
    """
    attention = model.model.layers[1].self_attn
    own = shape.hidden - NOTES
    slow = 64 * head + torch.cat([torch.arange(16, 32), torch.arange(48, 64)])
    rows = slice(64 * head, 64 * head + 64)
    _clear(attention, rows)
    names = NEARBY_GAIN * _orthonormal(32, NOTE, generator)
    attention.q_proj.weight[slow, _note(shape, asked)] = names
    attention.k_proj.weight[slow, _note(shape, 3)] = names
    attention.v_proj.weight[rows, :own] = share
    attention.o_proj.weight[:own, rows] = COPY_GAIN * share.T
