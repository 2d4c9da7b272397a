"""Labels are placed by an estimate of their width, which the browser must not exceed by much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.reporting.charts.svg import text_width
from harness.results import RunResults

pytestmark = pytest.mark.browser

NAMES = ("LoRA", "QLoRA", "DoRA", "AdaLoRA", "VeRA", "IA3", "OFT", "Full fine-tuning", "Untuned model", "Few-shot prompt", "our-prompt-2")
MEASURE = """name => {
  const text = document.querySelector('svg.chart text.label').cloneNode()
  text.textContent = name
  document.querySelector('svg.chart').append(text)
  const width = text.getComputedTextLength()
  text.remove()
  return width
}"""


def test_names_of_strategies_are_not_wider_than_estimated(opened: Callable[[RunResults], Any], plain: RunResults) -> None:
    page = opened(plain)
    too_wide = {name: (page.evaluate(MEASURE, name), text_width(name)) for name in NAMES}
    assert {name: widths for name, widths in too_wide.items() if widths[0] > widths[1] + 4} == {}
