"""Support by sentence embeddings: how close each sentence of the output is to the closest passage of the input.

A sentence is its tokens' mean state, scaled to length 1 (Reimers & Gurevych 2019). A passage is a sentence of the input, or two that follow
each other. The score of an output is the mean over its sentences of the highest cosine, from 0 to 1. Close in meaning is not the same as
supported: a negated sentence is close, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from harness.engine.inference import require_finite
from harness.engine.models import LoadedModel
from harness.engine.support.output_batches import SourcedOutput, score_in_batches
from harness.engine.support.text_sentences import split_sentences

_BATCH_CHARACTERS = 100_000
_MOST_CHARACTERS = 40_000  # of a text
_AT_ONCE = 32  # sentences


class EmbeddingScorer:
    """Scores outputs by an encoder of sentences.

    Attributes:
        cut: how many inputs or outputs of the last call were too long to be read to their end.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.cut = 0
        self._encoder = loaded.model.base_model
        self._tokenizer, self._context = loaded.tokenizer, loaded.context

    def score(
        self, outputs: Sequence[SourcedOutput], *, done: Mapping[str, float], on_batch: Callable[[Mapping[str, float]], None]
    ) -> dict[str, float]:
        """The support of each output, by its id.

        Raises:
            BenchError: the model computed numbers that are not finite.
        """
        self.cut = sum(max(len(one.output), len(one.source)) > _MOST_CHARACTERS for one in outputs)
        costs = [float(len(one.source) + len(one.output)) for one in outputs]
        items = [(one.id, one) for one in outputs]
        return score_in_batches(items, costs, self._score, most=_BATCH_CHARACTERS, done=done, on_batch=on_batch)

    def _score(self, batch: Sequence[SourcedOutput]) -> list[float]:
        return [self._mean_of_closest(one) for one in batch]

    def _mean_of_closest(self, one: SourcedOutput) -> float:
        sentences = split_sentences(one.output[:_MOST_CHARACTERS])
        parts = split_sentences(one.source[:_MOST_CHARACTERS])
        passages = [*parts, *(" ".join(pair) for pair in pairwise(parts))]
        if not sentences or not passages:
            return 0.0
        cosines = self._embed(sentences) @ self._embed(passages).T  # (sentences, passages)
        return float(cosines.max(dim=1).values.clamp(0.0, 1.0).mean())

    def _embed(self, texts: Sequence[str]) -> Any:
        """Embeddings of length 1: (texts, H)."""
        import torch

        rows = []
        for start in range(0, len(texts), _AT_ONCE):
            encoded: Any = self._tokenizer(
                list(texts[start : start + _AT_ONCE]),
                truncation=True,
                max_length=self._context,
                padding=True,
                return_tensors="pt",
                split_special_tokens=True,
            ).to(next(self._encoder.parameters()).device)
            with torch.no_grad():
                states = self._encoder(**encoded).last_hidden_state.float()  # (B, T, H)
            mask = encoded["attention_mask"].unsqueeze(-1)  # (B, T, 1)
            rows.append(torch.nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1), dim=1))
        embeddings = torch.cat(rows)
        require_finite(embeddings)
        return embeddings
