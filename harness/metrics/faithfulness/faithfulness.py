"""Faithfulness without a model: unsupported statements in an output, and information of the reference that it omits. English.

| score | for each example |
| --- | --- |
| `unsupported_rate` | the share of the output's sentences that claim something the source does not contain, or that reverse a negation |
| `omission_rate` | the share of the reference's sentences that the output lacks: their numbers, names and most of their words |

A sentence claims its numbers, names, terms (words that are not everyday words), the value after a label ("Denies: …"), and its negations.

The unit is a sentence or a line. The scores count surface evidence, not truth: a paraphrase in rare words counts as unsupported, and a
wrong sentence in the source's own words does not. They serve to compare systems on the same examples. The test
`tests/metrics/faithfulness/test_faithfulness.py` measures what they detect where the truth is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

from harness.metrics.faithfulness.claims import Claims, extract_claims, get_source, label_length, polarities, sentences
from harness.metrics.family import Family, example_metric
from harness.metrics.join import MissingPrediction
from harness.types import Example, Metric, Prediction

_COVERED = 0.5  # the output must contain more than this share of the words of a reference sentence


@lru_cache(maxsize=1 << 14)
def unsupported_sentences(output: str, text: str) -> tuple[tuple[str, str], ...]:
    """The sentences of the output that the text does not support, each with the first reason: a number, name, term or negation."""
    reasons = [(sentence, _find_reason(sentence, extract_claims(sentence), text)) for sentence in sentences(output)]
    return tuple((sentence, reason) for sentence, reason in reasons if reason)


def _find_reason(sentence: str, claims: Claims, text: str) -> str:
    source = get_source(text)
    numbers = [q for q in claims.quantities if not source.has(q)]
    if numbers:
        return f"number {min(numbers, key=str)}"
    for what, stems in (("name", claims.names), ("term", claims.terms)):
        unknown = sorted(stems - source.stems)
        if unknown:
            return f"{what} {unknown[0]}"
    if claims.has_label and claims.words and not claims.words & source.stems:
        return f"word {min(claims.words)}"
    denied = [word for word, negated in polarities(sentence, label_length(sentence)) if negated == (True,)]
    if denied and source.stems.isdisjoint(denied):
        return f"denial of {denied[0]}"
    return "negation" if reverses_negation(sentence, text) else ""


def reverses_negation(sentence: str, text: str) -> bool:
    """Whether most words shared with the text are negated in the sentence and never in the text, or the other way round."""
    polarity = get_source(text).polarity
    same = opposite = 0
    for word, negated in polarities(sentence, label_length(sentence)):
        in_text = polarity.get(word)
        if in_text is None or len(negated) > 1:
            continue
        if negated[0] in in_text:
            same += 1
        else:
            opposite += 1
    return opposite > same


@lru_cache(maxsize=1 << 14)
def omitted_sentences(output: str, reference: str) -> tuple[str, ...]:
    """The sentences of the reference that the output lacks.

    The output has a sentence if it contains its numbers and names anywhere, and most of its words in one place.
    """
    return tuple(sentence for sentence in sentences(reference) if not _is_covered(sentence, output))


def _is_covered(sentence: str, output: str) -> bool:
    source, claims = get_source(output), extract_claims(sentence)
    if any(not source.has(q) for q in claims.quantities) or claims.names - source.stems:
        return False
    words = _content_stems(sentence)
    if words and max((len(words & window) for window in _windows(output)), default=0) <= _COVERED * len(words):
        return False
    return not reverses_negation(sentence, output)


@lru_cache(maxsize=4096)
def _windows(output: str) -> tuple[frozenset[str], ...]:
    """The stems of every two neighbouring sentences, because the output may need two sentences for the content of one."""
    stems = [get_source(sentence).stems for sentence in sentences(output)]
    return tuple(one | two for one, two in pairwise([*stems, frozenset()]))


@lru_cache(maxsize=1 << 14)
def _content_stems(sentence: str) -> frozenset[str]:
    """The stems of all content words, including those of a label: an output that mentions allergies covers "Allergies: none"."""
    return frozenset(word for word, _ in polarities(sentence))


def unsupported_rate(example: Example, prediction: Prediction) -> float | None:
    """The share of the output's sentences that the inputs do not support: 0 for an empty output, 1 for a missing prediction."""
    text = "\n".join(example.inputs.values())
    if not sentences(text):
        return None
    if isinstance(prediction, MissingPrediction):
        return 1.0
    count = len(sentences(prediction.answer))
    return len(unsupported_sentences(prediction.answer, text)) / count if count else 0.0


def omission_rate(example: Example, prediction: Prediction) -> float | None:
    """The share of the reference's sentences that the output lacks; the smallest of several references. None without a reference."""
    if isinstance(prediction, MissingPrediction) and any(sentences(target) for target in example.targets):
        return 1.0
    rates = [len(omitted_sentences(prediction.answer, target)) / len(sentences(target)) for target in example.targets if sentences(target)]
    return min(rates, default=None)


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    word_list = hashlib.sha256((Path(__file__).parent / "everyday_words.txt").read_bytes()).hexdigest()[:8]
    rules = f"lang:en|unit:sentence|stem:nltk-{version('nltk')}|everyday:{word_list}"
    return (
        example_metric("unsupported_rate", "lower", "fraction", unsupported_rate, rules),
        example_metric("omission_rate", "lower", "fraction", omission_rate, f"{rules}|covered:{_COVERED}|refs:best"),
    )


FAITHFULNESS = Family("faithfulness", ("summarization", "generation", "qa"), ("unsupported_rate", "omission_rate"), _build)
