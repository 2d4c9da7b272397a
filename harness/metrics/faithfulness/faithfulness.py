"""Faithfulness without a model: what an output says that its source does not, and what it leaves out of the reference. English.

| score | of each example |
| --- | --- |
| `unsupported_rate` | the share of the output's sentences that claim what the source does not have, or turn a negation round |
| `omission_rate` | the share of the reference's sentences that the output does not have: their numbers, names and most of their words |

A sentence claims a number, a name, a term (a word that is no everyday one), what stands behind a label ("Denies: …"), and what it denies.

A sentence, or a line, is the unit. These are counts of surface evidence, not of truth: a paraphrase in rare words counts as unsupported,
and a wrong sentence made of the source's own words does not. They serve to compare systems on the same rows. `tests/metrics/
test_faithfulness.py` measures what they find where the truth is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

from harness.metrics.faithfulness.claims import Claims, claims, label_of, polarities, sentences, source
from harness.metrics.family import Family, example_metric
from harness.metrics.join import Missing
from harness.types import Example, Metric, Prediction

_COVERED = 0.5  # more than this share of a reference sentence's words must be in the output


@lru_cache(maxsize=1 << 14)
def unsupported(output: str, text: str) -> tuple[tuple[str, str], ...]:
    """The sentences of the output that the text does not support, each with the first reason: a number, name, term, or negation."""
    found = []
    for sentence in sentences(output):
        reason = _reason(sentence, claims(sentence), text)
        if reason:
            found.append((sentence, reason))
    return tuple(found)


def _reason(sentence: str, said: Claims, text: str) -> str:
    known = source(text)
    numbers = [q for q in said.quantities if not known.has(q)]
    if numbers:
        return f"number {min(numbers, key=str)}"
    for what, stems in (("name", said.names), ("term", said.terms)):
        strange = sorted(stems - known.stems)
        if strange:
            return f"{what} {strange[0]}"
    if said.listed and said.words and not said.words & known.stems:
        return f"word {min(said.words)}"
    denied = [word for word, negated in polarities(sentence, label_of(sentence)) if negated == (True,)]
    if denied and known.stems.isdisjoint(denied):
        return f"denial of {denied[0]}"
    return "negation" if turned_round(sentence, text) else ""


def turned_round(sentence: str, text: str) -> bool:
    """Whether most words of the sentence that the text has are negated in one of the two, and nowhere in it as they are here."""
    known = source(text).polarity
    same = other = 0
    for word, negated in polarities(sentence, label_of(sentence)):
        seen = known.get(word)
        if seen is None or len(negated) > 1:
            continue
        if negated[0] in seen:
            same += 1
        else:
            other += 1
    return other > same


@lru_cache(maxsize=1 << 14)
def omitted(output: str, reference: str) -> tuple[str, ...]:
    """The sentences of the reference that the output does not have: its numbers and names anywhere, most of its words in one place."""
    return tuple(sentence for sentence in sentences(reference) if not _covered(sentence, output))


def _covered(sentence: str, output: str) -> bool:
    known, wanted = source(output), claims(sentence)
    if any(not known.has(q) for q in wanted.quantities) or wanted.names - known.stems:
        return False
    wanted_words = _all_words(sentence)
    if wanted_words and max((len(wanted_words & own) for own in _windows(output)), default=0) <= _COVERED * len(wanted_words):
        return False
    return not turned_round(sentence, output)


@lru_cache(maxsize=4096)
def _windows(output: str) -> tuple[frozenset[str], ...]:
    """The stems of every two neighbouring sentences: what one sentence says may take two."""
    stems = [source(sentence).stems for sentence in sentences(output)]
    return tuple(one | two for one, two in pairwise([*stems, frozenset()]))


@lru_cache(maxsize=1 << 14)
def _all_words(sentence: str) -> frozenset[str]:
    """The stems of all words that say something, those of a label, too: "Allergies: none" is there where allergies are spoken of."""
    return frozenset(word for word, _ in polarities(sentence))


def unsupported_rate(example: Example, prediction: Prediction) -> float | None:
    """The share of the output's sentences that the inputs do not support; 0 for an output that says nothing, 1 for one that is missing."""
    text = "\n".join(example.inputs.values())
    if not sentences(text):
        return None
    if isinstance(prediction, Missing):
        return 1.0
    said = sentences(prediction.answer)
    return len(unsupported(prediction.answer, text)) / len(said) if said else 0.0


def omission_rate(example: Example, prediction: Prediction) -> float | None:
    """The share of the reference's sentences that the output does not have; of several references the smallest. None without any."""
    if isinstance(prediction, Missing) and any(sentences(target) for target in example.targets):
        return 1.0
    rates = [len(omitted(prediction.answer, target)) / len(sentences(target)) for target in example.targets if sentences(target)]
    return min(rates, default=None)


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    listed = hashlib.sha256((Path(__file__).parent / "everyday_words.txt").read_bytes()).hexdigest()[:8]
    rules = f"lang:en|unit:sentence|stem:nltk-{version('nltk')}|everyday:{listed}"
    return (
        example_metric("unsupported_rate", "lower", "fraction", unsupported_rate, rules),
        example_metric("omission_rate", "lower", "fraction", omission_rate, f"{rules}|covered:{_COVERED}|refs:best"),
    )


FAITHFULNESS = Family("faithfulness", ("summarization", "generation", "qa"), ("unsupported_rate", "omission_rate"), _build)
