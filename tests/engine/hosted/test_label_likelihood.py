"""Likelihoods of labels from the tokens of an answer: against the tree of all answers of a small made-up model."""

from __future__ import annotations

import math

import pytest

from harness.engine.hosted import label_logprobs
from harness.engine.served import TokenChoice

LABELS = ("billing", "shipping", "other")


def place(token: str, **probabilities: float) -> TokenChoice:
    alternatives = {name.replace("_", " "): math.log(value) for name, value in probabilities.items()}
    return TokenChoice(token, alternatives[token], tuple(alternatives.items()))


def test_labels_that_differ_in_their_first_token() -> None:
    found = label_logprobs([place("bill", bill=0.7, ship=0.2, other=0.1), place("ing", ing=0.99)], LABELS)
    assert found is not None
    assert [round(math.exp(value), 6) for value in found] == [0.7, 0.2, 0.1], "the second token no longer decides"


def test_a_common_beginning_is_followed_to_the_token_that_differs() -> None:
    labels = ("refund full", "refund part", "none")
    found = label_logprobs(
        [place("refund", refund=0.8, none=0.2), place(" part", **{"_part": 0.75, "_full": 0.25})], labels
    )  # fmt: skip
    assert found is not None
    assert [round(math.exp(value), 6) for value in found] == [0.2, 0.6, 0.2]


def test_a_label_that_begins_another_one() -> None:
    labels = ("no", "no answer", "yes")
    short = label_logprobs([place("no", no=0.9, yes=0.1), place(".", **{".": 0.8, "_answer": 0.2})], labels)
    long = label_logprobs([place("no", no=0.9, yes=0.1), place(" answer", **{"_answer": 0.6, ".": 0.4})], labels)
    assert short is not None and long is not None
    assert [round(math.exp(value), 6) for value in short] == [0.72, 0.18, 0.1]
    assert [round(math.exp(value), 6) for value in long] == [0.36, 0.54, 0.1]


def test_a_label_among_no_alternatives_gets_less_than_the_least_likely_one() -> None:
    found = label_logprobs([place("bill", bill=0.9, ship=0.06, The=0.01)], LABELS)
    assert found is not None
    assert math.exp(found[2]) == pytest.approx(0.01) and found[2] < found[1] < found[0]


@pytest.mark.parametrize(
    "choices",
    [
        [],
        [place("The", The=0.9, bill=0.1), place(" label", **{"_label": 1.0})],  # no label
        [place("b", b=0.9, s=0.1)],  # ends before it is a label, and no other token tells
    ],
)
def test_an_answer_that_is_no_label_has_no_likelihoods(choices: list[TokenChoice]) -> None:
    found = label_logprobs(choices, ("billing", "bills", "shipping"))
    assert found is None


def test_tokens_that_begin_several_labels_leave_it_open() -> None:
    assert label_logprobs([place("other", other=0.6, s=0.4)], ("other", "sales", "shipping")) is None
