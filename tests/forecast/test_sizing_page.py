"""docs/sizing.md is what `bench plan --sizing` writes now."""

from __future__ import annotations

import pytest
from places import ROOT

from harness.forecast import build_sizing
from harness.reporting import sizing_to_markdown


def page() -> str:
    return (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    """Everything but the rows of larger models, which take longer to compute."""
    written = sizing_to_markdown(build_sizing(["1B"]))
    lines = page().splitlines()
    others = [line for line in lines if line.startswith("| ") and line.split()[1] in ("3B", "8B", "14B", "32B", "70B")]
    assert len(others) == 5 * 4
    assert [line for line in lines if line not in others] == written.splitlines(), "run `make sizing`"


@pytest.mark.soak
def test_all_rows_of_the_page_are_current() -> None:
    assert page() == sizing_to_markdown(build_sizing()), "run `make sizing`"
