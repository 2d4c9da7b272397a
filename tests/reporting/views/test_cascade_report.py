"""What the report says about a cascade, and the chart of its thresholds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cascade_factory import MEASURED, make_cascade_run

from harness.reporting import render, to_json, to_markdown
from harness.results import RunResults

MakeReport = Callable[..., RunResults]


@pytest.fixture
def make_report(tmp_path: Path) -> MakeReport:
    """Makes the run in a folder of its own."""
    return lambda measured, **options: make_cascade_run(tmp_path / "run", measured, **options)


def sentences(run: RunResults) -> list[str]:
    (cascade,) = to_json(run)["decisions"][0]["cascades"]
    return list(cascade["sentences"])


def test_the_guarantee_the_threshold_and_the_price_are_stated(make_report: MakeReport) -> None:
    run = make_report(MEASURED)
    guarantee, threshold, price = sentences(run)
    assert guarantee == (
        "With 95% confidence at most 5% of answers are kept and worse than those of vendor; 38% of the test answers are passed on."
    )
    assert threshold.endswith("its most likely label exceeds that of the next one by at least 0.800.")
    assert "vendor alone" in price
    page = render(run)
    assert "chosen: 40% passed on" in page and guarantee in page and "38% of the test answers" in to_markdown(run)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"units": 30, "examples": 30}, "Nothing can be guaranteed with 30 calibration examples"),
        ({"units": 40, "examples": 90, "grouped": True}, "Nothing can be guaranteed with 40 calibration groups"),
        ({}, "on 300 calibration examples, no threshold is shown to keep at most 5% of answers that are worse than those of vendor"),
    ],
)
def test_without_a_guarantee_the_report_says_why(make_report: MakeReport, change: dict[str, object], said: str) -> None:
    run = make_report(replace(MEASURED, threshold=None, passed_on=1.0, chosen=0, **change))  # type: ignore[arg-type]
    assert said in sentences(run)[0] and "all answers are passed on" in sentences(run)[0].lower()


def test_use_costs_the_first_model_and_the_share_that_is_passed_on(make_report: MakeReport) -> None:
    by_name = {each.strategy: each for each in make_report(MEASURED).by_task["intents"].strategies}
    costs = {name: each.costs for name, each in by_name.items()}
    assert costs["cascade"].thousand_price == pytest.approx(costs["lora"].thousand_price + 0.38 * costs["vendor"].thousand_price)
    assert costs["cascade"].training_price == pytest.approx(costs["lora"].training_price + 0.001), "the calibration counts as validation"
    assert by_name["cascade"].spent.total_price == pytest.approx(0.001), "what others have spent is counted with them"


def test_an_unknown_price_leaves_the_share_on_the_axis(make_report: MakeReport) -> None:
    run = make_report(MEASURED, priced=False)
    (result,) = (each for each in run.by_task["intents"].strategies if each.strategy == "cascade")
    assert result.costs.thousand_price is None
    assert "Share of answers passed on (%)" in render(run)
    assert json.dumps(to_json(run), allow_nan=False)
