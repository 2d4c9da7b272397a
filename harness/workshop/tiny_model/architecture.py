"""The tiny decoder and its initial weights, which contain an induction circuit.

A transformer of this size does not learn in a few minutes to copy from its context, and a base model that cannot copy is useless here. So
eight heads are set by hand, and training starts from there. Five of them are the circuit of Olsson et al. (2022), "In-context Learning and
Induction Heads" (arXiv:2209.11895), with a second step back: in layer 0, two look-back heads attend one and two positions back and note the
tokens there; in layer 1, match heads search the position whose notes equal the current tokens, and copy the token there. The other three
look up the value of a label: a head of layer 0 notes nearby tokens, and two heads of layer 1 search positions that have the label nearby,
and copy the tokens there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

LOOK_BACK_SHARPNESS = 11.0  # length of each rotary pair in the biases of the look-back heads
NEARBY_SHARPNESS = 4.0  # the same for the head that notes nearby tokens
NEARBY = 4  # positions back, where its attention peaks
MATCH_GAIN = 2.0  # scale of query and key of a match head that compares one token
NEARBY_GAIN = 2.6  # scale of query and key of a match head that searches a nearby token
PAIR_GAIN = 2.2  # scale of query and key of a match head that compares two tokens, in half as many dimensions each
COPY_GAIN = 0.4  # what a match head adds to the residual stream; the token's own embedding has EMBEDDING_STD
EMBEDDING_STD = 0.1
LAST_NORM = 1.0  # with tied embeddings logits reach about LAST_NORM · EMBEDDING_STD · hidden / √2: 18 here, enough to copy with certainty
NOTE = 64  # dimensions of a note about earlier tokens; the residual stream ends with three notes
NOTES = 3 * NOTE


@dataclass(frozen=True)
class Shape:
    """The sizes of the model. All are multiples of 64, which suits the 4-bit blocks of bitsandbytes and vector units."""

    vocabulary: int = 4096
    hidden: int = 320  # at least 256: three notes of 64, and the token itself
    intermediate: int = 640
    layers: int = 4
    context: int = 1024  # the longest rows of training, in tokens

    @property
    def heads(self) -> int:
        """The number of heads, of 64 dimensions each."""
        return self.hidden // 64


def build(shape: Shape, generator: torch.Generator, *, pad: int, end: int) -> Any:
    """Build a `LlamaForCausalLM` in float32 with the circuit in place. Its attention has biases, which make the look-back heads.

    Qwen2 has the same biases but cannot be used: for a Qwen2 model, transformers 5.24 always loads Qwen2's own tokenizer class, whatever
    the folder says (`MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS` in `models/auto/tokenization_auto.py`), with one token more than the
    vocabulary.
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
        # With a high base, half of the rotary pairs turn so slowly that a match is recognized at any distance within the context.
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=True,
        bos_token_id=None,
        pad_token_id=pad,
        eos_token_id=end,
    )
    model: Any = LlamaForCausalLM(config)
    for layer in model.model.layers:
        layer.self_attn.o_proj.bias.requires_grad_(False)  # comes with `attention_bias`, but is not needed and stays at zero
    with torch.no_grad():
        _init_randomly(model, shape, generator)
        identity = _orthonormal(NOTE, shape.hidden - NOTES, generator)  # represents a token, in notes and in matches
        for back in (1, 2):
            _set_look_back_head(model, shape, identity, back)
        _set_nearby_head(model, shape, identity)
        _set_match_heads(model, shape, identity, generator)
    return model


def _init_randomly(model: Any, shape: Shape, generator: torch.Generator) -> None:
    """Normal weights with std 0.02; a tenth of it where a layer writes into the residual stream, so that the circuit dominates."""
    for name, parameter in sorted(model.named_parameters()):
        if "norm" in name:
            parameter.fill_(LAST_NORM if name == "model.norm.weight" else 1.0)
        elif name.endswith("bias"):
            parameter.zero_()
        else:
            std = EMBEDDING_STD if "embed" in name else 0.002 if "o_proj" in name or "down_proj" in name else 0.02
            parameter.normal_(0.0, std, generator=generator)
    model.model.embed_tokens.weight[:, shape.hidden - NOTES :] = 0.0  # where layer 0 notes earlier tokens


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """A matrix (rows, columns) with orthonormal rows."""
    q: Tensor = torch.linalg.qr(torch.randn(columns, rows, generator=generator))[0]
    return q.T.contiguous()


def _note(shape: Shape, back: int) -> slice:
    """The dimensions of the note about the token `back` positions earlier."""
    return slice(shape.hidden - back * NOTE, shape.hidden - (back - 1) * NOTE)


def _clear(attention: Any, rows: slice) -> None:
    """Set the weights of a head to zero."""
    for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
        projection.weight[rows] = 0.0
    attention.o_proj.weight[:, rows] = 0.0


def _set_look_back_head(model: Any, shape: Shape, identity: Tensor, back: int) -> None:
    """Head `back - 1` of layer 0. Its biases alone give the score Σ cos((m − n − back)·ω), which is largest `back` positions earlier."""
    fast = LOOK_BACK_SHARPNESS * (model.model.rotary_emb.inv_freq > 0.01)  # (32,)
    _set_positional_head(model, shape, identity, head=back - 1, back=back, pairs=fast, note=_note(shape, back))


def _set_nearby_head(model: Any, shape: Shape, identity: Tensor) -> None:
    """Head 2 of layer 0. Slower pairs make the peak so wide that about the last eight positions are noted together."""
    frequencies = model.model.rotary_emb.inv_freq
    middle = NEARBY_SHARPNESS * ((frequencies > 0.02) & (frequencies < 0.3))
    _set_positional_head(model, shape, identity, head=2, back=NEARBY, pairs=middle, note=_note(shape, 3))


def _set_positional_head(model: Any, shape: Shape, identity: Tensor, *, head: int, back: int, pairs: Tensor, note: slice) -> None:
    """A head of layer 0 that attends by position alone, and notes the tokens there."""
    attention = model.model.layers[0].self_attn
    frequencies = model.model.rotary_emb.inv_freq  # (32,)
    start = 64 * head
    rows = slice(start, start + 64)
    _clear(attention, rows)
    # transformers pairs dimension i with i + 32. The key is (1, 0) in each pair, and the query is rotated back by back · ω.
    attention.k_proj.bias[start : start + 32] = pairs
    attention.q_proj.bias[start : start + 32] = pairs * torch.cos(back * frequencies)
    attention.q_proj.bias[start + 32 : start + 64] = -pairs * torch.sin(back * frequencies)
    attention.v_proj.weight[rows, : shape.hidden - NOTES] = identity
    attention.o_proj.weight[note, rows] = EMBEDDING_STD * torch.eye(NOTE)


def _set_match_heads(model: Any, shape: Shape, identity: Tensor, generator: torch.Generator) -> None:
    """Heads 0 to 2 of layer 1. The query holds the current token, the key the token before; the value is copied to the output.

    Head 0 compares one token. Heads 1 and 2 compare two in a row, because a single word piece or digit occurs many times in a text; each
    copies half of the dimensions. Only slow rotary pairs are used, so that a match has the same weight at any distance.
    """
    attention = model.model.layers[1].self_attn
    embedding = shape.hidden - NOTES  # dimensions of the token's own embedding
    slow = torch.cat([torch.arange(16, 32), torch.arange(48, 64)])
    copied = _orthonormal(embedding, embedding, generator)
    shares = (copied[torch.randperm(embedding, generator=generator)[:64]], copied[:64], copied[embedding - 64 :])
    for head, share in enumerate(shares):
        rows = slice(64 * head, 64 * head + 64)
        _clear(attention, rows)
        if head == 0:
            here, before = MATCH_GAIN * _orthonormal(32, NOTE, generator), torch.zeros(0, NOTE)
        else:
            here, before = (PAIR_GAIN * _orthonormal(16, NOTE, generator) for _ in range(2))
        query, key = attention.q_proj.weight, attention.k_proj.weight
        first, second = 64 * head + slow[: len(here)], 64 * head + slow[len(here) :]
        query[first, :embedding] = here @ identity
        key[first, _note(shape, 1)] = here
        query[second, _note(shape, 1)] = before
        key[second, _note(shape, 2)] = before
        attention.v_proj.weight[rows, :embedding] = share
        attention.o_proj.weight[:embedding, rows] = COPY_GAIN * share.T
    for head in range(3, shape.heads):
        _set_nearby_match_head(model, shape, head, back=head - 2, share=shares[head % 3], generator=generator)


def _set_nearby_match_head(model: Any, shape: Shape, head: int, *, back: int, share: Tensor, generator: torch.Generator) -> None:
    """A head of layer 1 that searches positions near the token that was `back` positions earlier, and copies the tokens there.

    After "captain:", these are the tokens a few words after "captain" in the text: the value of the label, wherever it is in its sentence.
    """
    attention = model.model.layers[1].self_attn
    embedding = shape.hidden - NOTES
    slow = 64 * head + torch.cat([torch.arange(16, 32), torch.arange(48, 64)])
    rows = slice(64 * head, 64 * head + 64)
    _clear(attention, rows)
    names = NEARBY_GAIN * _orthonormal(32, NOTE, generator)
    attention.q_proj.weight[slow, _note(shape, back)] = names
    attention.k_proj.weight[slow, _note(shape, 3)] = names
    attention.v_proj.weight[rows, :embedding] = share
    attention.o_proj.weight[:embedding, rows] = COPY_GAIN * share.T
