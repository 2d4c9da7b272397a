"""What is judged is what would be deployed: one trained model, not the mean of its recipe."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.store import StoredRun
from tests.gate.conftest import judged

FLOOR = [{"rule": "floor", "score": "rougeL", "value": 0.7}]


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    """Of three models of one recipe, the lowest seed is the worst."""
    cells = [Made("base", 0.6), *(Made("lora", quality, seed, train_seconds=9) for seed, quality in ((3, 0.95), (1, 0.55), (2, 0.9)))]
    return make_run(tmp_path / "runs" / "seeds", [summarization(cells, rows=200)])


def test_the_model_with_the_lowest_seed_is_judged_and_not_the_mean(run: StoredRun, tmp_path: Path) -> None:
    verdict = judged(run, tmp_path, policy={"rules": FLOOR})
    assert verdict.outcome == "FAIL" and verdict.candidate.seed == 1
    assert verdict.rules[-1].measured == pytest.approx(0.62, abs=0.01)
    (note,) = (note for note in verdict.notes if note.code == "one_model")
    assert note.numbers["seeds"] == 3 and note.numbers["value"] == pytest.approx(verdict.rules[-1].measured)
    assert note.numbers["lowest"] == note.numbers["value"] < 0.7 and note.numbers["highest"] > 0.9


def test_a_named_seed_is_judged_at_a_stricter_level(run: StoredRun, tmp_path: Path) -> None:
    """It may have been named because it scored best here: of three models at the border, one passes by chance more often than α."""
    default, named = judged(run, tmp_path, policy={"rules": FLOOR}), judged(run, tmp_path, policy={"rules": FLOOR}, seed=3)
    assert (named.outcome, named.candidate.seed) == ("PASS", 3)
    assert default.alpha == 0.05 and named.alpha == pytest.approx(0.05 / 3)
    assert default.look == 1 and named.look == 2, "another model is another evaluation"


def test_a_counted_recipe_must_hold_as_well(run: StoredRun, tmp_path: Path) -> None:
    """Seed 3 is good enough; its recipe is not shown to be."""
    counted = judged(run, tmp_path, policy={"rules": FLOOR, "seed_spread": "count"}, seed=3)
    alone = judged(run, tmp_path, policy={"rules": FLOOR}, seed=3)
    wide, narrow = counted.rules[-1], alone.rules[-1]
    assert (alone.outcome, counted.outcome) == ("PASS", "INCONCLUSIVE")
    assert wide.measured == narrow.measured and wide.low < 0.7 < narrow.low and wide.high >= narrow.high
    assert "recipe_counted" in [note.code for note in counted.notes]


def test_the_baseline_is_one_model_too(run: StoredRun, tmp_path: Path) -> None:
    rules = [{"rule": "not_worse", "score": "rougeL", "margin": 0.1}]
    verdict = judged(run, tmp_path, "base", policy={"rules": rules, "seed_spread": "count"}, baseline=f"{run.path}:lora")
    assert verdict.baseline is not None and verdict.baseline.seed == 1
    assert verdict.rules[-1].measured == pytest.approx(0.05, abs=0.05)
    assert verdict.rules[-1].reason.code != "one_seed", "the spread of the baseline's recipe does not matter: it stays as it is"


def test_required_seeds_are_those_of_the_recipe(run: StoredRun, tmp_path: Path) -> None:
    verdict = judged(run, tmp_path, policy={"rules": FLOOR, "seeds": 3}, seed=3)
    assert verdict.outcome == "PASS"


def test_what_has_no_seed_is_its_own_recipe(run: StoredRun, tmp_path: Path) -> None:
    verdict = judged(run, tmp_path, "base", policy={"rules": FLOOR}, seed=2)
    assert verdict.candidate.seed is None and not any(note.code in ("one_model", "recipe_counted") for note in verdict.notes)
