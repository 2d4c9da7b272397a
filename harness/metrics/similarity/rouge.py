"""ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum: the F-measures of Google's rouge-score with its stemmer, number for number.

    rouge_scores("the patient has pain", ("The patient's pain is new.",))  →  rouge1 0.6, rouge2 0.25, rougeL 0.6, rougeLsum 0.6

The definitions are those of Lin (2004), "ROUGE: a package for automatic evaluation of summaries", as implemented in rouge-score 0.1.2.
This implementation is only faster: each word is stemmed once, each text is tokenized once, and the longest common subsequence is computed
in C++.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeAlias

from harness.metrics.family import Family, example_metric
from harness.metrics.porter import import_rouge_score
from harness.types import Example, Metric, Prediction

# The words of rouge-score: it lowercases a text and replaces all other characters by spaces.
_WORD = re.compile(r"[a-z0-9]+")
Lines: TypeAlias = tuple[tuple[str, ...], ...]


class Rouge(NamedTuple):
    """The four F-measures of one output, 0–1."""

    rouge1: float
    rouge2: float
    rougeL: float  # noqa: N815 - the score's own name
    rougeLsum: float  # noqa: N815


def rouge_scores(output: str, targets: tuple[str, ...]) -> Rouge:
    """The scores of an output against its references. Each score uses the reference that is best for it.

    An output or a reference without words scores 0, as in rouge-score.

    Raises:
        ValueError: there is no reference.
    """
    return Rouge._make((*_word_scores(output, targets), _summary_score(output, targets)))


@lru_cache(maxsize=4096)
def _word_scores(output: str, targets: tuple[str, ...]) -> tuple[float, ...]:
    """ROUGE-1, ROUGE-2 and ROUGE-L. The cache lets three metrics share the work; ROUGE-Lsum takes ten times as long as they do."""
    by_reference = [_compare_words(_tokenized_lines(target), _tokenized_lines(output)) for target in targets]
    return tuple(max(scores) for scores in zip(*by_reference, strict=True))


def _summary_score(output: str, targets: tuple[str, ...]) -> float:
    """ROUGE-Lsum."""
    return max(_compare_lines(_tokenized_lines(target), _tokenized_lines(output)) for target in targets)


def has_words(text: str) -> bool:
    """Whether the text has words for ROUGE, which only knows a–z and 0–9."""
    return _WORD.search(text.lower()) is not None


def _compare_words(target_lines: Lines, output_lines: Lines) -> tuple[float, float, float]:
    target = list(chain.from_iterable(target_lines))
    output = list(chain.from_iterable(output_lines))
    if not target or not output:
        return 0.0, 0.0, 0.0
    return (
        _f_measure(_overlap(target, output), len(target), len(output)),
        _f_measure(_overlap(pairwise(target), pairwise(output)), len(target) - 1, len(output) - 1),
        _f_measure(_common_subsequence(target, output), len(target), len(output)),
    )


def _compare_lines(target_lines: Lines, output_lines: Lines) -> float:
    """The union of subsequences over lines. It depends on which of several longest subsequences is used, so rouge-score computes it."""
    if not target_lines or not output_lines:
        return 0.0
    if len(target_lines) == len(output_lines) == 1:
        target, output = target_lines[0], output_lines[0]
        return _f_measure(_common_subsequence(target, output), len(target), len(output))
    import_rouge_score()
    from rouge_score import rouge_scorer

    return float(rouge_scorer._summary_level_lcs(target_lines, output_lines).fmeasure)


@lru_cache(maxsize=256)
def _tokenized_lines(text: str) -> Lines:
    """The stems of each line; lines without words are left out because they contribute to no score."""
    lines = (tuple(_stem(word) for word in _WORD.findall(line)) for line in text.lower().split("\n"))
    return tuple(line for line in lines if line)


@lru_cache(maxsize=1 << 17)
def _stem(word: str) -> str:
    tokens: list[str] = _tokenizer().tokenize(word)
    return tokens[0]


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    import_rouge_score()
    from rouge_score.tokenizers import DefaultTokenizer

    return DefaultTokenizer(use_stemmer=True)


def _overlap(target: Iterable[Hashable], output: Iterable[Hashable]) -> int:
    counts = Counter(output)
    return sum(min(n, counts[gram]) for gram, n in Counter(target).items() if gram in counts)


def _common_subsequence(target: Sequence[str], output: Sequence[str]) -> int:
    """The length of the longest common subsequence. Words become numbers, because rapidfuzz compares hashes, exact for numbers."""
    from rapidfuzz.distance import LCSseq

    numbers: dict[str, int] = {}
    first = [numbers.setdefault(word, len(numbers)) for word in target]
    second = [numbers.setdefault(word, len(numbers)) for word in output]
    return LCSseq.similarity(first, second)


def _f_measure(hits: int, target_size: int, output_size: int) -> float:
    precision, recall = hits / max(output_size, 1), hits / max(target_size, 1)
    return 2 * precision * recall / (precision + recall) if hits else 0.0


def _metric(name: str) -> Metric:
    def score(example: Example, prediction: Prediction) -> float | None:
        # If no reference has words for ROUGE (Chinese, "—"), every output would score 0, so the score does not apply.
        if not any(has_words(target) for target in example.targets):
            return None
        if name == "rougeLsum":
            return _summary_score(prediction.answer, example.targets)
        return _word_scores(prediction.answer, example.targets)[Rouge._fields.index(name)]

    libraries = f"nltk:{version('nltk')}|v:{version('rouge-score')}"
    signature = f"f1|stem:yes|tok:rouge-score|lcs:rapidfuzz|refs:best|wordless-refs:dropped|{libraries}"
    return example_metric(name, "higher", "fraction", score, signature)


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    return tuple(_metric(name) for name in Rouge._fields)


ROUGE = Family("rouge", ("summarization", "generation", "qa"), Rouge._fields, _build)
