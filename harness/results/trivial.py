"""The trivial baseline of a task: what an answer is worth that takes no model. Whatever is not shown to beat it is not worth its cost.

| task | baseline |
| --- | --- |
| answers are chosen from labels | the most frequent label, with the shares of all labels as probabilities |
| qa | the most frequent answer, if one is frequent; else a copy of the input |
| generation | the same, or a copy of the input if that scores better |
| summarization | the first sentences of the input, as many as make up the length of a reference ("lead") |

Frequencies and lengths are those of the training examples; of the test set where there are none, as for external outputs. The baseline is
not a strategy: it costs nothing, is never recommended and does not count among the strategies that are compared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.data import count_answers, count_reference_words
from harness.errors import BenchError
from harness.metrics import SUPPORT_SCORE, is_library_metric, library_score_name
from harness.statistics import observed_scores, statistic_stack, undefined_reason
from harness.types import DataReport, Example, Metric, Prediction, Task

Array: TypeAlias = NDArray[np.float64]
TrivialKind: TypeAlias = Literal["majority", "frequent_answer", "copy", "lead"]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])")  # also of other scripts


@dataclass(frozen=True, eq=False)
class TrivialBaseline:
    """The trivial baseline of one task, with its predictions on the test examples. Scores are computed when they are asked for.

    Attributes:
        answer: the label or text that it always gives; None if it depends on the input. It comes from the data and may be hostile.
        metrics: those of the task, without scores that need a script or a model.
    """

    kind: TrivialKind
    answer: str | None
    examples: Sequence[Example]
    predictions: tuple[Prediction, ...]
    metrics: tuple[Metric, ...]
    _stacks: dict[str, Array] = field(default_factory=dict)

    @property
    def label(self) -> str | None:
        """The label that it always gives; None where it writes texts, which may be what patients said."""
        return self.answer if self.kind == "majority" else None

    def has_score(self, metric: Metric) -> bool:
        """Whether the score can be computed here: a plug-in's metric may refuse these predictions."""
        if all(known.name != metric.name for known in self.metrics):
            return False
        try:
            self.stack(metric)
        except BenchError:
            return False
        return True

    def stack(self, metric: Metric) -> Array:
        """The statistics of a score, (examples, 1, d)."""
        if metric.name not in self._stacks:
            self._stacks[metric.name] = statistic_stack(metric, self.examples, [self.predictions])
        return self._stacks[metric.name]

    def score(self, metric: Metric) -> float | None:
        """The value of a score; None if it is undefined for these predictions."""
        stack = self.stack(metric)
        complete = stack[~np.isnan(stack).any(axis=(1, 2))]
        return None if undefined_reason(metric, complete) else float(observed_scores(metric, complete)[0])


def build_trivial_baseline(
    task: Task, examples: Sequence[Example], metrics: Sequence[Metric], labels: Sequence[str], data: DataReport
) -> TrivialBaseline | None:
    """The baseline of a task; None without test examples or metrics.

    Args:
        metrics: the primary one first.
        data: what was found in the training examples.
    """
    # what a script or a model computes where outputs are scored
    scripts = {SUPPORT_SCORE, *(library_score_name(name) for name in task.metrics if is_library_metric(name))}
    scorable = tuple(metric for metric in metrics if metric.name not in scripts and not metric.is_stored)
    if not examples or not scorable:
        return None
    answers = data.training_answers or count_answers(examples)
    candidates: list[TrivialBaseline] = []

    def add(kind: TrivialKind, answer: str | None, predictions: Sequence[Prediction]) -> None:
        candidates.append(TrivialBaseline(kind, answer, examples, tuple(predictions), scorable))

    if task.chooses:
        counts = {label: answers.get(label, 0) for label in labels}
        majority = max(labels, key=lambda label: counts[label])
        add("majority", majority, [_choose(example, majority, counts) for example in examples])
        return candidates[0]
    if task.kind == "summarization":
        words = data.training_words or count_reference_words(examples)
        add("lead", None, [_write(example, take_lead(_main_input(example), words)) for example in examples])
        return candidates[0]
    if answers:
        answer = next(iter(answers))
        add("frequent_answer", answer, [_write(example, answer, task.no_answer) for example in examples])
    if not answers or task.kind == "generation":
        add("copy", None, [_write(example, _copy(example, task.decode.max_new_tokens)) for example in examples])
    return _best(candidates, metrics[0])


def take_lead(text: str, words: int) -> str:
    """The first sentences of a text until they have so many words. What would be twice as long is cut to so many words."""
    taken: list[str] = []
    for line in text.splitlines():
        for sentence in _SENTENCE_END.split(line):
            if len(taken) >= max(words, 1):
                return " ".join(taken)
            taken += sentence.split()
            if len(taken) >= 2 * words:
                taken = taken[: max(words, 1)]
    return " ".join(taken)


def _main_input(example: Example) -> str:
    """The longest input: a task may also have a title or a question."""
    return max(example.inputs.values(), key=len, default="")


def _copy(example: Example, most_words: int) -> str:
    """The inputs, cut where a model would have to stop: a word has at least one token."""
    text = "\n".join(example.inputs.values())
    words = text.split(None, most_words)
    return text if len(words) <= most_words else " ".join(words[:most_words])


def _choose(example: Example, label: str, counts: Mapping[str, int]) -> Prediction:
    """The label, with the shares of all labels as likelihoods."""
    shares = [counts.get(choice, 0) / max(sum(counts.values()), 1) for choice in example.choices]
    logprobs = tuple(math.log(share) if share else -math.inf for share in shares) if any(shares) else ()
    return Prediction(example.id, label, label, logprobs, finish="choice")


def _write(example: Example, text: str, no_answer: str | None = None) -> Prediction:
    """A prediction of this text; an empty one is what the task's prompt asks for if there is no answer."""
    return Prediction(example.id, text or no_answer or "", text)


def _best(candidates: Sequence[TrivialBaseline], primary: Metric) -> TrivialBaseline:
    """The candidate with the best primary score; the first of several."""
    if len(candidates) == 1 or not candidates[0].has_score(primary):
        return candidates[0]
    sign = -1.0 if primary.direction == "lower" else 1.0

    def quality(candidate: TrivialBaseline) -> float:
        score = candidate.score(primary)
        return -math.inf if score is None else sign * score

    return max(candidates, key=quality)
