"""What is known of a judge from its verdicts alone: whether it depends on the order, and whether it says the same twice.

    order bias        the share of pairs whose verdict changes when the two outputs change places, and how often the output that is shown
                      first wins; each output is first once, so that a judge without a bias has one half
    self-consistency  how often two answers to the same question have the same verdict

Order bias: Zheng et al. 2023, "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena" (arXiv 2306.05685), section 3.3. Shares are means
over test examples, with groups as in `preference_share`. Whether a judge prefers long outputs or its own is only known in comparison with
raters: see `harness.review.findings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.judging.judge_record import count_missing
from harness.judging.judge_scores import JudgeScores
from harness.statistics import preference_share
from harness.types import Score

Array: TypeAlias = NDArray[np.float64]

MOST_MISSING = 0.1  # of all answers: with more without a verdict, what is left need not be like the rest


@dataclass(frozen=True)
class JudgeBiases:
    """What a judge's verdicts show about the judge; None where it was not asked in a way that shows it.

    Attributes:
        flips: the share of pairs whose verdict changed with their order.
        first: how often the output shown first won; a tie is half.
        repeats: how often repeated questions had the same verdict.
    """

    flips: Score | None
    first: Score | None
    repeats: Score | None


def measure_biases(scores: JudgeScores, groups: Sequence[str | None]) -> JudgeBiases:
    """Measure them over all test examples, whose groups are given."""
    is_pairwise, missing = scores.record.judge.kind == "pairwise", has_too_many_missing(scores)
    return JudgeBiases(
        estimate_share(scores.flips(), groups, is_unsure=missing) if is_pairwise else None,
        estimate_share(scores.firsts(), groups, is_unsure=missing) if is_pairwise else None,
        estimate_share(scores.repeats_agree(), groups, is_unsure=missing),
    )


def has_too_many_missing(scores: JudgeScores) -> bool:
    """Whether so many answers have no verdict that nothing about the others is reliable."""
    judgements = scores.record.judgements
    return count_missing(judgements) > MOST_MISSING * len(judgements)


def estimate_share(
    values: Array, groups: Sequence[str | None], probabilities: Array | None = None, *, is_unsure: bool = False
) -> Score | None:
    """The mean of values from 0 to 1 with its interval; None without any.

    Args:
        values: (n,); NaN is left out.
        groups: (n,).
        probabilities: of each example to be drawn, (n,).
        is_unsure: whether too many verdicts are missing for the interval to be reliable.
    """
    known = [i for i, value in enumerate(values) if not np.isnan(value)]
    if not known:
        return None
    drawn = None if probabilities is None else probabilities[known]
    share, interval = preference_share(values[known], drawn, [groups[i] for i in known])
    reliable, reason = interval.reliable and not is_unsure, "too many answers without a verdict" if is_unsure else interval.reason
    return Score(share, interval.low, interval.high, len(known), interval.method, reliable=reliable, reason=reason)
