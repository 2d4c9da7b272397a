"""Slices of the test examples: by length, by class, and by columns of the data."""

from __future__ import annotations

import pytest

from harness.errors import BenchError
from harness.results import slice_examples
from harness.types import Example


def rows(values: list[object], **more: object) -> list[Example]:
    return [Example(str(i), {"input": "word " * (i + 1)}, (f"class {i % 3}",), meta={"c": value}) for i, value in enumerate(values)]


def test_length_class_and_numbers() -> None:
    examples = rows([*range(29), None])
    assert [len(part) for part in slice_examples(examples, "length").values()] == [10, 10, 10]
    assert list(slice_examples(examples, "length")) == ["1 to 10", "11 to 20", "21 to 30"]
    assert {name: len(part) for name, part in slice_examples(examples, "class").items()} == {"class 0": 10, "class 1": 10, "class 2": 10}
    thirds = slice_examples(examples, "c")
    assert sum(len(part) for part in thirds.values()) == 30
    assert "(none)" in thirds and len(thirds) == 4
    assert slice_examples(rows([str(n) for n in range(30)]), "c").keys() == {"0 to 9", "10 to 19", "20 to 29"}, (
        "numbers that were read as text"
    )
    assert set(slice_examples(rows([1, 2, 3] * 10), "c")) == {"1", "2", "3"}, "few numbers are categories"


def test_numbers_that_look_alike_lose_no_rows() -> None:
    days = slice_examples(rows([20240100 + i for i in range(1, 31)]), "c")
    assert list(days) == ["20240101 to 20240110", "20240111 to 20240120", "20240121 to 20240130"]
    blanks = slice_examples(rows([*(str(i) for i in range(28)), "", None]), "c")
    assert sum(map(len, blanks.values())) == 30 and len(blanks["(none)"]) == 2


def test_columns_of_any_kind_and_none() -> None:
    assert set(slice_examples(rows([["a", "b"], ["a"], "", "x", True]), "c")) == {'["a", "b"]', '["a"]', "(none)", "x", "true"}
    with pytest.raises(BenchError, match=r'by="clas": the data has no such column\. Did you mean .class.'):
        slice_examples(rows([1]), "clas")
    with pytest.raises(BenchError, match='by="c": the column has no value in any example'):
        slice_examples(rows([None, None]), "c")
    with pytest.raises(BenchError, match='by="c": the column has 60 different values in 60 examples'):
        slice_examples(rows([f"text {i}" for i in range(60)]), "c")
