"""How far the distributions of two models differ, and whether rounding explains it."""

from __future__ import annotations

import math

import pytest
import torch

from harness.engine.artifacts.equivalence import measure_difference

# 64 positions of four prompts, of a vocabulary of two.
LIKELY, TIE, OTHER = torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.5]), torch.tensor([0.05, 0.95])


def positions(*rows: torch.Tensor) -> list[torch.Tensor]:
    return [torch.stack(rows)]


def test_one_position_with_a_tie_is_rounding_in_16_bits_and_not_in_float32() -> None:
    expected, actual = positions(*[LIKELY] * 63, TIE), positions(*[LIKELY] * 63, LIKELY)
    for dtypes in (("bfloat16",), ("float32", "float16")):
        difference = measure_difference(expected, actual, *dtypes)
        assert difference.is_rounding
        assert str(difference) == "by 0.0062 on average (total variation)"
    exact = measure_difference(expected, actual, "float32", "float32")
    assert not exact.is_rounding
    assert str(exact) == "by at most 0.4 (total variation; rounding explains 0.0001)"


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_another_model_is_not_rounding(dtype: str) -> None:
    difference = measure_difference(positions(*[LIKELY] * 64), positions(*[LIKELY] * 60, *[OTHER] * 4), dtype)
    assert not difference.is_rounding
    assert "rounding explains" in str(difference)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_a_model_without_numbers_is_not_rounding(dtype: str) -> None:
    broken = torch.tensor([math.nan, math.nan])
    assert not measure_difference(positions(LIKELY, LIKELY), positions(LIKELY, broken), dtype).is_rounding


def test_the_same_model_is_equal() -> None:
    assert str(measure_difference(positions(LIKELY, TIE), positions(LIKELY, TIE), "float32")) == "by at most 0 (total variation)"
