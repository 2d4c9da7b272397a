"""Encoder-decoders: greedy generation, and the likelihood of every label. The encoder reads each prompt once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from harness.engine.inference.answering_layers import answering
from harness.engine.inference.decoding_state import OpenOutputs
from harness.engine.inference.generate import Generated, as_generated, require_finite, token_logprobs
from harness.engine.inference.one_token_attention import one_token_attention
from harness.engine.models import decoder_start, right_padded

# The most elements of the largest tensors, which limit the (prompt, label) pairs that are scored at once: logits (256 MiB in float32), and
# the prompt's keys and values, which each pair has a copy of (1 GiB).
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
    """Generate the most likely next token, repeatedly, for each prompt.

    Row by row, it equals `model.generate(do_sample=False, num_beams=1)`. Tokens that the model's generation settings force or forbid are
    part of how such a model was trained, and are respected. Preferences of search (beams, minimum lengths, repetition penalties) are
    respected for no model.

    Args:
        ended: whether an output, given by its ids so far, ended without an end token because it contains a stop text.

    Raises:
        BenchError: the model computed numbers that are not finite.
    """
    import torch

    model = _base(model)
    first, last, forbidden = _forced_tokens(model.generation_config)
    states, mask = _encode(model, prompts, pad_id)  # (B, S, H), (B, S)
    decoder_ids = torch.full((len(prompts), 1), decoder_start(model), device=mask.device)
    cache = _cache()
    outputs = OpenOutputs(len(prompts), stop_ids, ended)
    with answering(model), one_token_attention(model):
        for step in range(max_new_tokens):
            logits = _decode(model, states, mask, decoder_ids, cache)[:, -1]  # (B, V)
            logits[:, forbidden] = -torch.inf
            tokens = logits.argmax(dim=-1)  # (B,)
            require_finite(logits.gather(1, tokens.unsqueeze(1)))
            if first is not None and step == 0:
                written, logprobs = [first] * len(tokens), [0.0] * len(tokens)
            else:
                written, logprobs = tokens.tolist(), token_logprobs(logits, tokens)
            outputs.add(written, logprobs)
            if not outputs.any_open:
                break
            decoder_ids = torch.tensor(written, device=mask.device).unsqueeze(1)  # (B, 1)
            kept = outputs.drop_finished()
            if kept is not None:
                rows = torch.tensor(kept, device=mask.device)
                cache.batch_select_indices(rows)
                states, mask, decoder_ids = states[rows], mask[rows], decoder_ids[rows]
    if last is not None:
        for ids, finish in zip(outputs.ids, outputs.finishes, strict=True):
            if finish == "length":
                ids[-1:] = [] if last in stop_ids else [last]
    return as_generated(outputs)


class Seq2SeqScorer:
    """Scores a fixed set of labels after any prompt."""

    def __init__(self, model: Any, labels: Sequence[Sequence[int]], pad_id: int) -> None:
        """
        Args:
            labels: the token ids of each label as the decoder would write it, including the end token.
        """
        self._model = _base(model)
        self._labels = labels
        self._pad = pad_id

    def __call__(self, prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log likelihoods (B, labels)."""
        import torch

        states, mask = _encode(self._model, prompts, self._pad)  # (B, S, H), (B, S)
        cache = _cache()
        start = torch.full((len(prompts), 1), decoder_start(self._model), device=mask.device)
        with answering(self._model):  # one step, only for the keys and values of the prompts
            _decode(self._model, states, mask, start, cache)
        prompt_cache = cache.cross_attention_cache
        pairs = [(prompt, label) for prompt in range(len(prompts)) for label in range(len(self._labels))]
        at_once = self._pairs_at_once(prompt_cache)
        scores: list[float] = []
        for begin in range(0, len(pairs), at_once):
            scores += self._score(pairs[begin : begin + at_once], states, mask, prompt_cache)
        width = len(self._labels)
        return [scores[i : i + width] for i in range(0, len(scores), width)]

    def _score(self, pairs: Sequence[tuple[int, int]], states: Any, mask: Any, prompt_cache: Any) -> list[float]:
        """The log-likelihoods of (prompt, label) pairs, given by their indices."""
        import torch
        from transformers import DynamicCache

        device = mask.device
        rows = torch.tensor([prompt for prompt, _ in pairs], device=device)
        labels = [self._labels[label] for _, label in pairs]
        start = decoder_start(self._model)
        decoder_ids, _ = right_padded([(start, *label[:-1]) for label in labels], self._pad, device)  # (N, T)
        targets, is_target = right_padded(labels, self._pad, device)  # (N, T)
        copied = DynamicCache()
        for i, layer in enumerate(prompt_cache.layers):
            copied.update(layer.keys[rows], layer.values[rows], i)
        with answering(self._model):
            logits = _decode(self._model, states[rows], mask[rows], decoder_ids, _cache(copied))  # (N, T, V)
            logprobs = logits.float().log_softmax(dim=-1).gather(2, targets.unsqueeze(2)).squeeze(2)  # (N, T)
            sums = logprobs.masked_fill(is_target == 0, 0.0).sum(dim=1)
        require_finite(sums)
        scores: list[float] = sums.tolist()
        return scores

    def _pairs_at_once(self, prompt_cache: Any) -> int:
        longest = max(len(label) for label in self._labels)
        logits: int = longest * self._model.config.get_text_config(decoder=True).vocab_size
        cached: int = sum(layer.keys[0].numel() + layer.values[0].numel() for layer in prompt_cache.layers)
        return max(1, min(_LOGITS_BUDGET // logits, _CACHE_BUDGET // max(1, cached)))


def _base(model: Any) -> Any:
    """The model of transformers: adapters are layers inside it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _encode(model: Any, prompts: Sequence[Sequence[int]], pad_id: int) -> tuple[Any, Any]:
    """The encoder's last states (B, S, H) and the mask of the prompts (B, S)."""

    ids, mask = right_padded(prompts, pad_id, next(model.parameters()).device)
    with answering(model):
        return model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state, mask


def _decode(model: Any, states: Any, mask: Any, decoder_ids: Any, cache: Any) -> Any:
    """The logits (B, T, V) behind each of the decoder's input tokens."""
    from transformers.modeling_outputs import BaseModelOutput

    encoded = BaseModelOutput(last_hidden_state=states)
    return model(encoder_outputs=encoded, attention_mask=mask, decoder_input_ids=decoder_ids, cache=cache, use_cache=True).logits


def _cache(prompt_cache: Any = None) -> Any:
    """An empty cache of what is written, beside the keys and values of the prompts: empty, or those given.

    It is created without the model's configuration: transformers 5.24 would read the number of the encoder's layers from it (T5), or let
    windows slide over the prompt (T5Gemma).
    """
    from transformers import DynamicCache, EncoderDecoderCache

    return EncoderDecoderCache(DynamicCache(), DynamicCache() if prompt_cache is None else prompt_cache)


def _forced_tokens(settings: Any) -> tuple[int | None, int | None, list[int]]:
    """From a model's generation settings: the token that must come first, the token in the last place, and tokens that are forbidden."""
    words = [word[0] for word in settings.bad_words_ids or () if len(word) == 1]
    return settings.forced_bos_token_id, settings.forced_eos_token_id, [*words, *(settings.suppress_tokens or ())]
