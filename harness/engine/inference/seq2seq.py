"""Encoder-decoders: greedy generation, and the likelihood of every label. The encoder reads each prompt once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from harness.engine.inference.decoding_state import OpenOutputs
from harness.engine.inference.generate import Generated, require_finite
from harness.engine.models import decoder_start, right_padded

# Elements of the largest tensors, for as many (prompt, label) pairs at once as fit: logits (256 MiB in float32), and the keys and
# values of the prompt, which each pair has a copy of (1 GiB).
_LOGITS_BUDGET = 1 << 26
_CACHE_BUDGET = 1 << 28


def generate_seq2seq(
    model: Any,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop_ids: Collection[int],
    pad_id: int,
    ended: Callable[[Sequence[int]], bool] | None = None,
) -> list[Generated]:
    """The most likely next token, again and again, for a batch of prompts.

    Equal to `model.generate(do_sample=False, num_beams=1)` row by row. Tokens that the model's generation settings force or forbid are
    part of how such a model was trained, and are respected; preferences of search (beams, least lengths, penalties of repetition)
    are not, for no model.

    Args:
        ended: whether an output, given as its ids so far, has come to its end without an end token (it wrote a stop text).
    """
    import torch

    model = _base(model)
    first, last, forbidden = _rules(model.generation_config)
    states, mask = _encode(model, prompts, pad_id)  # (B, S, H), (B, S)
    fed = torch.full((len(prompts), 1), decoder_start(model), device=mask.device)
    cache = _cache()
    outputs = OpenOutputs(len(prompts), stop_ids, ended)
    with torch.no_grad():
        for step in range(max_new_tokens):
            logits = _decode(model, states, mask, fed, cache)[:, -1]  # (B, V)
            logits[:, forbidden] = -torch.inf
            tokens = logits.argmax(dim=-1)  # (B,)
            require_finite(logits.gather(1, tokens.unsqueeze(1)))
            written = [first] * len(tokens) if first is not None and step == 0 else tokens.tolist()
            outputs.add(written)
            if not outputs.any_open:
                break
            fed = torch.tensor(written, device=mask.device).unsqueeze(1)  # (B, 1)
            kept = outputs.drop_finished()
            if kept is not None:
                at = torch.tensor(kept, device=mask.device)
                cache.batch_select_indices(at)
                states, mask, fed = states[at], mask[at], fed[at]
    if last is not None:
        for ids, finish in zip(outputs.ids, outputs.finishes, strict=True):
            if finish == "length":
                ids[-1:] = [] if last in stop_ids else [last]
    return [Generated(ids, finish) for ids, finish in zip(outputs.ids, outputs.finishes, strict=True)]


class Seq2SeqScorer:
    """Scores a fixed set of labels after any prompt."""

    def __init__(self, model: Any, labels: Sequence[Sequence[int]], pad_id: int) -> None:
        """Args:
        labels: token ids of each label as the decoder would write it, end token included.
        """
        self._model = _base(model)
        self._labels = labels
        self._pad = pad_id

    def __call__(self, prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log likelihoods (B, labels)."""
        import torch

        states, mask = _encode(self._model, prompts, self._pad)  # (B, S, H), (B, S)
        read = _cache()
        with torch.no_grad():  # a first step, for the keys and values of the prompts alone
            _decode(self._model, states, mask, torch.full((len(prompts), 1), decoder_start(self._model), device=mask.device), read)
        pairs = [(prompt, label) for prompt in range(len(prompts)) for label in range(len(self._labels))]
        at_once = self._pairs_at_once(read.cross_attention_cache)
        scores: list[float] = []
        for begin in range(0, len(pairs), at_once):
            scores += self._score(pairs[begin : begin + at_once], states, mask, read.cross_attention_cache)
        width = len(self._labels)
        return [scores[i : i + width] for i in range(0, len(scores), width)]

    def _score(self, pairs: Sequence[tuple[int, int]], states: Any, mask: Any, read: Any) -> list[float]:
        import torch
        from transformers import DynamicCache

        device = mask.device
        at = torch.tensor([prompt for prompt, _ in pairs], device=device)
        labels = [self._labels[label] for _, label in pairs]
        start = decoder_start(self._model)
        fed, _ = right_padded([(start, *label[:-1]) for label in labels], self._pad, device)  # (N, T)
        targets, real = right_padded(labels, self._pad, device)  # (N, T)
        copied = DynamicCache()
        for i, layer in enumerate(read.layers):
            copied.update(layer.keys[at], layer.values[at], i)
        with torch.no_grad():
            logits = _decode(self._model, states[at], mask[at], fed, _cache(copied))  # (N, T, V)
            chances = logits.float().log_softmax(dim=-1).gather(2, targets.unsqueeze(2)).squeeze(2)  # (N, T)
            sums = chances.masked_fill(real == 0, 0.0).sum(dim=1)
        require_finite(sums)
        found: list[float] = sums.tolist()
        return found

    def _pairs_at_once(self, read: Any) -> int:
        longest = max(len(label) for label in self._labels)
        logits: int = longest * self._model.config.get_text_config(decoder=True).vocab_size
        cached: int = sum(layer.keys[0].numel() + layer.values[0].numel() for layer in read.layers)
        return max(1, min(_LOGITS_BUDGET // logits, _CACHE_BUDGET // max(1, cached)))


def _base(model: Any) -> Any:
    """The model of transformers: adapters are layers inside it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _encode(model: Any, prompts: Sequence[Sequence[int]], pad_id: int) -> tuple[Any, Any]:
    """The encoder's last states (B, S, H), and the mask of the prompts (B, S)."""
    import torch

    ids, mask = right_padded(prompts, pad_id, next(model.parameters()).device)
    with torch.no_grad():
        return model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state, mask


def _decode(model: Any, states: Any, mask: Any, fed: Any, cache: Any) -> Any:
    """Logits (B, T, V) behind each of the tokens fed."""
    from transformers.modeling_outputs import BaseModelOutput

    read = BaseModelOutput(last_hidden_state=states)
    return model(encoder_outputs=read, attention_mask=mask, decoder_input_ids=fed, cache=cache, use_cache=True).logits


def _cache(read: Any = None) -> Any:
    """An empty cache of what is written; beside it what the decoder has read of the prompts, empty or given.

    Made without the configuration: transformers 5.24 would read the number of the encoder's layers from it (T5), or let windows slide
    over the prompt (T5Gemma).
    """
    from transformers import DynamicCache, EncoderDecoderCache

    return EncoderDecoderCache(DynamicCache(), DynamicCache() if read is None else read)


def _rules(settings: Any) -> tuple[int | None, int | None, list[int]]:
    """From a model's generation settings: the token that it must write first, the one in the last place that it may write to, and
    tokens that it must never write."""
    words = [word[0] for word in settings.bad_words_ids or () if len(word) == 1]
    return settings.forced_bos_token_id, settings.forced_eos_token_id, [*words, *(settings.suppress_tokens or ())]
