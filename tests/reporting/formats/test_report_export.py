"""The run for programs."""

from __future__ import annotations

import json
from pathlib import Path

from report_factory import Made, make_run, summarization

from harness.metrics import metrics_for
from harness.reporting import to_json
from harness.results import RunResults
from harness.statistics import compute_scores


def test_every_cell_is_there_in_the_order_of_the_plan_with_exactly_these_fields(troubled: RunResults) -> None:
    value = json.loads(json.dumps(to_json(troubled), allow_nan=False))
    assert set(value) == {"run", "cells", "decisions", "learning_curves", "judges"}
    assert value["run"] == "troubled"
    assert [(c["task"], c["strategy"], c["seed"]) for c in value["cells"]] == [(c.task, c.strategy, c.seed) for c in troubled.cells]
    for cell in value["cells"]:
        assert list(cell) == ["task", "model", "strategy", "train_size", "seed", "status", "error", "scores", "costs", "total_cost",
                              "parameters", "artifact_bytes", "general_loss", "notes"]  # fmt: skip
        assert all(set(s) == {"value", "low", "high", "n", "method", "reliable", "reason"} for s in cell["scores"].values())
        costs = {"seconds", "peak_allocated", "peak_reserved", "tokens", "energy", "price", "currency"}
        assert all(set(c) == costs for c in cell["costs"].values())
        assert bool(cell["scores"]) == (cell["status"] == "done")
        assert set(cell["parameters"]) == {"trainable", "total"}


def test_numbers_are_those_of_the_analysis_unrounded(plain: RunResults) -> None:
    cell = plain.cells[1]
    found = to_json(plain)["cells"][1]
    expected = compute_scores(metrics_for(("rouge", "length"), ()), plain.examples("summarization"), plain.predictions(cell.id))
    for name, score in expected.items():
        expected = {"value": score.value, "low": score.low, "high": score.high, "n": score.n, "method": score.method}
        assert found["scores"][name] == expected | {"reliable": score.reliable, "reason": score.reason or None}
    assert found["total_cost"]["seconds"] == sum(c.seconds for c in plain.results[cell.id].costs)
    assert found["costs"]["train"]["seconds"] == 310
    assert found["notes"] == ["Training stopped early at step 9: validation loss had not improved since step 6."]


def test_a_cell_that_has_not_ended_is_interrupted_and_has_nothing(troubled: RunResults) -> None:
    cell = next(c for c in to_json(troubled)["cells"] if c["status"] == "interrupted")
    assert (cell["scores"], cell["costs"], cell["error"], cell["artifact_bytes"]) == ({}, {}, None, None)


def test_hostile_text_is_kept_and_valid_json(hostile: RunResults) -> None:
    text = json.dumps(to_json(hostile), ensure_ascii=False, allow_nan=False)
    assert "\x1b" not in text
    assert "\x1b[31mred\x00" in json.loads(text)["cells"][2]["error"]


def test_no_price_is_null(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization([Made("lora", 0.5, 1, train_seconds=9, priced=False)], rows=20)])
    cell = to_json(run)["cells"][0]
    assert cell["total_cost"]["price"] is None
    assert cell["costs"]["train"]["price"] is None
