"""The table in the terminal: whole numbers at any width, and nothing that the terminal would act on."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from harness.reporting import print_run
from harness.reporting.views import build_report_view
from harness.reporting.wording import numbers
from harness.reporting.wording.decision.decision_sentences import describe_decision
from harness.results import RunResults


def printed(run: RunResults, width: int | None = None, encoding: str = "utf-8") -> str:
    """The output in a terminal of this width, or in a file."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    print_run(run, Console(file=file, width=width, force_terminal=width is not None, color_system=None))
    file.flush()
    return raw.getvalue().decode(encoding)


def test_piped_output_has_every_column_and_no_number_is_cut(troubled: RunResults) -> None:
    text = printed(troubled)
    for task in build_report_view(troubled).tasks:
        lead = describe_decision(task).headline
        for ln in task.strategies:
            if ln.primary and ln.costs:
                row = next(r for r in text.split(lead[:30])[1].splitlines() if r.startswith(ln.label + " "))
                assert numbers.score(ln.primary.value) in row
                assert numbers.interval(ln.primary.low, ln.primary.high) in row
                assert numbers.seconds(ln.costs.training_seconds) in row
                assert numbers.money(ln.costs.total_price, ln.costs.currency) in row
                assert numbers.size(ln.costs.peak_allocated) in row
                assert ln.versus_base is None or numbers.signed(ln.versus_base.difference) in row
    assert "…" not in text
    assert "full, seed 1: out-of-memory. does not fit in 24 GB" in text


@pytest.mark.parametrize("width", [140, 99, 80, 66, 40])
def test_a_narrow_terminal_loses_columns_and_never_digits(troubled: RunResults, width: int) -> None:
    lines = printed(troubled, width).splitlines()
    primary = build_report_view(troubled).tasks[0].strategies[0].primary
    assert primary is not None
    row = next(line for line in lines if line.startswith("lora "))
    assert numbers.score(primary.value) in row
    assert "better" in row
    heads = [line for line in lines if line.startswith("strategy")]
    assert len(heads) == 2
    if width >= 66:
        assert all(len(line.rstrip()) <= width for line in [*heads, row, *(line for line in lines if set(line.strip()) == {"─"})])
    if width < 100:
        assert "accuracy" not in heads[0]


def test_hostile_text_moves_no_cursor_and_is_no_markup(hostile: RunResults) -> None:
    text = printed(hostile)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "[bold]x[/bold]" in text
    assert "⟦U+001B⟧[31mred⟦U+0000⟧" in text


def test_an_old_terminal_gets_question_marks_instead_of_a_crash(hostile: RunResults) -> None:
    assert "strategy" in printed(hostile, encoding="ascii")
    assert "strategy" in printed(hostile, 90, encoding="latin-1")
