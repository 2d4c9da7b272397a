"""How likely each label is, from the tokens of an answer and the most likely other tokens at their places.

    answer:        "bil" −0.2   "ling" −0.0
    alternatives:  "ship" −1.8, "The" −4.6
    labels:        billing e^−0.2, shipping e^−1.8

A label that no token among the alternatives begins has a likelihood that is not known, only that it is small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.engine.served import TokenChoice

_MOST_UNDECIDED = 0.02  # probability of tokens that begin several labels, whose further tokens were not generated
_SMALLEST = 1e-12


def label_logprobs(choices: Sequence[TokenChoice], labels: Sequence[str]) -> tuple[float, ...] | None:
    """ln p(label) in the order of the labels; None where the answer is not one of them, or the tokens do not tell labels apart.

    The likelihood of a label is that of the tokens up to the place where it differs from all other labels. A label without any token among
    the alternatives shares what is left of the probability, and gets no more than the least likely alternative.
    """
    names = [label.strip().casefold() for label in labels]
    if not choices or len(set(names)) < len(names):
        return None
    mass, undecided = dict.fromkeys(names, 0.0), 0.0
    written, logprob, left = "", 0.0, names
    for place in choices:
        others: Mapping[str, float] = dict(place.alternatives)
        for token, value in others.items():
            if token != place.token:
                fitting = _fitting(written + token, left)
                if len(fitting) == 1:
                    mass[fitting[0]] += math.exp(logprob + value)
                elif fitting:
                    undecided += math.exp(logprob + value)
        written, logprob = written + place.token, logprob + place.logprob
        if written.strip():
            left = _fitting(written, left)
        if len(left) <= 1:
            break
    answer = left[0] if len(left) == 1 else written.strip().casefold()
    if answer not in left or undecided > _MOST_UNDECIDED:
        return None
    mass[answer] += math.exp(logprob)
    return _logarithms([mass[name] for name in names], choices[0])


def _fitting(written: str, labels: Sequence[str]) -> list[str]:
    """The labels that a text begins, or that it consists of with something that is no part of a word behind it."""
    start = written.strip().casefold()
    if not start:
        return list(labels)
    begun = [label for label in labels if label.startswith(start) and label != start]
    whole = [label for label in labels if start.startswith(label) and not start[len(label) : len(label) + 1].isalnum()]
    if begun and start not in whole:
        return begun
    return [*begun, *([max(whole, key=len)] if whole else [])]


def _logarithms(mass: Sequence[float], first: TokenChoice) -> tuple[float, ...]:
    missing = sum(value == 0 for value in mass)
    least = min((math.exp(value) for _, value in first.alternatives), default=_SMALLEST)
    rest = max(_SMALLEST, min(least, (1 - sum(mass)) / missing)) if missing else _SMALLEST
    return tuple(math.log(min(1.0, value or rest)) for value in mass)
