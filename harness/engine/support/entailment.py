"""Support by a model of natural language inference: the probability that the input entails a sentence of the output.

The score of an output is the mean over its sentences; that of a sentence is the highest over windows of the input, each as long as the
model can read (SummaC's zero-shot score with windows for sentences: Laban, Schnabel, Bennett & Hearst 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.engine.inference import require_finite
from harness.engine.models import LoadedModel
from harness.engine.support.output_batches import SourcedOutput, score_in_batches
from harness.engine.support.text_sentences import split_sentences, windows
from harness.errors import BenchError

_BATCH_TOKENS = 8192  # including padding
_MOST_SENTENCES = 64  # of an output
_MOST_CHARACTERS = 40_000  # of a text


def find_entailment_label(labels: Sequence[str]) -> int | None:
    """The position of the label that means entailment; None if there is none."""
    fitting = [i for i, label in enumerate(labels) if label.casefold() in ("entailment", "entail", "entails", "entailed")]
    return fitting[0] if len(fitting) == 1 else None


class EntailmentScorer:
    """Scores outputs by an encoder with a head for entailment.

    Attributes:
        cut: how many outputs of the last call were too long to be read to their end.
    """

    def __init__(self, loaded: LoadedModel, labels: Sequence[str]) -> None:
        """
        Args:
            labels: of the head, in their order.

        Raises:
            BenchError: no label means entailment.
        """
        label = find_entailment_label(labels)
        if label is None:
            raise BenchError(f"faithfulness.model: none of the model's labels is 'entailment': {', '.join(labels)}")
        self.cut = 0
        self._entailment = label
        self._model, self._tokenizer, self._context = loaded.model, loaded.tokenizer, loaded.context

    def score(
        self, outputs: Sequence[SourcedOutput], *, done: Mapping[str, float], on_batch: Callable[[Mapping[str, float]], None]
    ) -> dict[str, float]:
        """The support of each output, by its id.

        Raises:
            BenchError: the model computed numbers that are not finite.
        """
        items = [(one.id, self._pairs(one)) for one in outputs]
        self.cut = sum(max(len(one.output), len(one.source)) > _MOST_CHARACTERS for one in outputs)
        costs = [len(pairs) * max(len(p) + len(h) for p, h, _ in pairs) / 4 if pairs else 1.0 for _, pairs in items]
        return score_in_batches(items, costs, self._score, most=_BATCH_TOKENS, done=done, on_batch=on_batch)

    def _pairs(self, one: SourcedOutput) -> list[tuple[str, str, int]]:
        """Each window of the input with each sentence of the output, and the number of the sentence."""
        sentences = split_sentences(one.output[:_MOST_CHARACTERS])[:_MOST_SENTENCES]
        longest = max((self._count(sentence) for sentence in sentences), default=0)
        room = max(16, self._context - min(longest, self._context // 2) - 4)
        premises = windows(split_sentences(one.source[:_MOST_CHARACTERS]), self._count, room)
        return [(premise, sentence, i) for i, sentence in enumerate(sentences) for premise in premises]

    def _count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def _score(self, batch: Sequence[Sequence[tuple[str, str, int]]]) -> list[float]:
        return [self._mean_of_best(pairs) for pairs in batch]

    def _mean_of_best(self, pairs: Sequence[tuple[str, str, int]]) -> float:
        """The mean over sentences of the highest probability over windows; 0 where there is nothing to compare."""
        best: dict[int, float] = {}
        for start in range(0, len(pairs), 16):
            part = pairs[start : start + 16]
            for (_, _, sentence), probability in zip(part, self._probabilities(part), strict=True):
                best[sentence] = max(best.get(sentence, 0.0), probability)
        return sum(best.values()) / len(best) if best else 0.0

    def _probabilities(self, pairs: Sequence[tuple[str, str, int]]) -> list[float]:
        import torch

        encoded: Any = self._tokenizer(
            [premise for premise, _, _ in pairs],
            [hypothesis for _, hypothesis, _ in pairs],
            truncation=True,
            max_length=self._context,
            padding=True,
            return_tensors="pt",
            split_special_tokens=True,
        )
        with torch.no_grad():
            logits = self._model(**encoded.to(next(self._model.parameters()).device)).logits.float()
        require_finite(logits)
        values: list[float] = logits.softmax(dim=-1)[:, self._entailment].tolist()
        return values
