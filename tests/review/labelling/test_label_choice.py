"""Rows that are worth a label: disagreement and coverage."""

from __future__ import annotations

import pytest

from harness.review import choose_to_label, measure_disagreement

TOPICS = ("billing invoice payment refund", "headache fever cough nausea", "appointment monday morning cancel")


def texts_of(topic: int, count: int) -> list[str]:
    return [f"{TOPICS[topic]} number{i}" for i in range(count)]


def test_rows_on_which_models_differ_come_first() -> None:
    texts = texts_of(0, 6)
    assert set(choose_to_label(texts, [], [0, 1, 0, 0, 1, 0], 2)) == {1, 4}


def test_each_topic_is_covered_before_one_is_repeated() -> None:
    texts = [text for topic in range(3) for text in texts_of(topic, 5)]
    chosen = choose_to_label(texts, [], [0.0] * 15, 3)
    assert {place // 5 for place in chosen} == {0, 1, 2}


def test_rows_that_resemble_known_texts_come_last() -> None:
    texts = [*texts_of(0, 3), *texts_of(1, 3)]
    first, *_ = choose_to_label(texts, texts_of(0, 10), [0.0] * 6, 6)
    assert first >= 3


def test_every_row_is_taken_once_at_most() -> None:
    texts = texts_of(0, 4)
    assert sorted(choose_to_label(texts, [], [0.5] * 4, 9)) == [0, 1, 2, 3]
    assert choose_to_label([], [], [], 3) == []
    assert choose_to_label(["", "…"], [], [0, 0], 2) == [0, 1]


@pytest.mark.parametrize(
    ("one", "other", "chooses", "expected"),
    [
        ("spam", "ham", True, 1.0),
        ("spam", "spam", True, 0.0),
        ("No fever.", "no FEVER", False, 0.0),
        ("a b c", "b c d", False, 0.5),
        ("", "", False, 0.0),
        ("", "a", False, 1.0),
        ("頭痛があります", "頭痛はありません", False, pytest.approx(0.7, abs=0.2)),
    ],
)
def test_disagreement(one: str, other: str, chooses: bool, expected: float) -> None:
    assert measure_disagreement(one, other, chooses=chooses) == expected
