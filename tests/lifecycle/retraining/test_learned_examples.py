"""`bench retrain`: no example of the test set is one that the champion has learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from report_factory import Made, make_run, summarization

from harness.api import promote
from harness.data.identity import normalized_inputs_digest
from harness.errors import BenchError
from harness.types import Example, Splits
from tests.lifecycle.retraining.conftest import TASK, Place, StandIn, make_row


def teach(place: Place, learned: list[Mapping[str, Any]]) -> None:
    """Put another model into service, which was trained on these rows, as a challenger may be that somebody has trained by hand."""
    run = make_run(place.folder / "runs" / "challenger", [summarization([Made("fewshot", 0.6, 1, train_seconds=60)], rows=40)])
    examples = [Example(row["id"], {"input": row["input"]}, (row["target"],)) for row in learned]
    data = Splits(tuple(examples), (), run.examples(TASK), run.plan.data[TASK], "d1")
    run.folder.write_data(TASK, data, {each.id: normalized_inputs_digest(each) for each in examples})
    run.folder.remove_working_files()
    run.folder.seal()
    promote(run.path, "fewshot", registry=place.registry, force=True, reason="an experiment", fingerprint=False)


def test_no_test_example_is_one_that_the_champion_has_learned(place: Place, grid: StandIn) -> None:
    """Each candidate would be held by the gate, for as long as this champion is in service."""
    place.add_rows(40)
    place.write(data={"new": "new/*.jsonl", "test_share": 0.5})
    new = [make_row(f"a.jsonl-{number}") for number in range(40)]
    before = place.call(dry_run=True)
    teach(place, new[:20])
    result = place.call()
    left = result.data.left_out["seen_by_champion"]
    assert result.outcome == "promoted" and 5 < left < 20
    assert result.data.sizes["test"] == before.data.sizes["test"] - left and result.data.sizes["train"] == before.data.sizes["train"]


def test_a_champion_that_has_learned_every_test_example_is_an_error_before_anything_is_trained(place: Place, grid: StandIn) -> None:
    place.add_rows(12)
    place.write(data={"new": "new/*.jsonl", "test_share": 0})
    teach(place, [make_row(f"own-{number}") for number in range(60)])
    with pytest.raises(BenchError, match=r"was trained on every test example.*Add labelled rows that it was not trained on"):
        place.call()
    assert not grid.requests
