"""Amounts of money in messages about what hosted models may cost."""

from __future__ import annotations

import pytest

from harness.engine.hosted import write_amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [(30_030.4, "30,030.40"), (4.999, "5.00"), (1.0, "1.00"), (0.00123456, "0.001235"), (0.0, "0"), (1e12, "1,000,000,000,000.00")],
)
def test_amounts_are_written_out(amount: float, text: str) -> None:
    assert write_amount(amount) == text
