"""Models that are worse by exactly the margin where it is hard to see: how often they pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chance import at_most, enough
from report_factory import Made, MadeTask, make_run

from harness.metrics import metrics_for
from tests.gate.conftest import judged

LABELS = ("common", "other", "rare")


def macro_f1(shares: Any, confusion: Any) -> float:
    """Of a classifier with this confusion (rows: the true label), over all rows that there could be."""
    joint = np.asarray(shares)[:, None] * np.asarray(confusion)
    return float(np.mean([2 * joint[k, k] / (joint[k].sum() + joint[:, k].sum()) for k in range(3)]))


@pytest.mark.parametrize(
    ("rows", "rare", "kept", "times"),
    [
        (400, 0.05, 0.7, 40),
        *(
            pytest.param(*setting, enough(0.05), marks=pytest.mark.soak)
            for setting in [(400, 0.03, 0.5), (400, 0.05, 0.7), (1000, 0.05, 0.7)]
        ),
    ],
)
def test_wrong_passes_stay_rare_when_a_rare_class_is_worse(tmp_path: Path, rows: int, rare: float, kept: float, times: int) -> None:
    shares, passed, rng = [(1 - rare) / 2, (1 - rare) / 2, rare], 0, np.random.default_rng(rows)
    base = np.array([[0.9, 0.08, 0.02], [0.08, 0.9, 0.02], [0.1, 0.1, 0.8]])
    lora = np.array([*base[:2], [(1 - kept) / 2, (1 - kept) / 2, kept]])
    margin = macro_f1(shares, base) - macro_f1(shares, lora)
    for number in range(times):
        true, luck = rng.choice(3, rows, p=shares), rng.random(rows)
        said = [[LABELS[min(2, int(np.searchsorted(c[t].cumsum(), u)))] for t, u in zip(true, luck, strict=True)] for c in (base, lora)]
        passed += _outcome(tmp_path / str(number), [LABELS[t] for t in true], said, margin, tmp_path) == "PASS"
    assert at_most(0.05, passed / times, times)


def _outcome(path: Path, true: list[str], said: list[list[str]], margin: float, tmp_path: Path) -> str:
    place = lambda e: int(e.id.removeprefix("row-"))  # noqa: E731
    cells = [
        Made("base", answer=lambda e, r: said[0][place(e)]),
        Made("lora", seed=1, answer=lambda e, r: said[1][place(e)], train_seconds=9, curve=False),
    ]
    run = make_run(path, [MadeTask("intents", "classification", cells, labels=LABELS, rows=len(true), targets=lambda i: true[i])])
    rules = [{"rule": "not_worse", "score": "macro_f1", "margin": margin}]
    return judged(run, tmp_path, policy={"rules": rules}).outcome


def test_the_population_score_is_that_of_the_metric() -> None:
    metric = next(m for m in metrics_for(["classification"], LABELS) if m.name == "macro_f1")
    counts = np.array([[80.0, 10, 10], [5, 85, 10], [2, 2, 16]])
    totals = np.concatenate([np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)])
    shares = counts.sum(axis=1) / counts.sum()
    expected = float(metric.aggregate(totals[None], np.array([220.0]))[0])
    assert macro_f1(shares, counts / counts.sum(axis=1, keepdims=True)) == pytest.approx(expected)


def test_test_set_with_one_class_decides_nothing(tmp_path: Path) -> None:
    """A model that always answers "common" passed such a gate, and went into service."""
    cells = [Made("base", 0.5), Made("lora", answer=lambda e, r: "common")]
    task = MadeTask("intents", "classification", cells, labels=LABELS, primary="accuracy", rows=100, targets=lambda i: "common")
    verdict = judged(make_run(tmp_path / "run", [task]), tmp_path)
    assert verdict.outcome == "INCONCLUSIVE"  # by the policy's rule, and because it is not shown to beat the trivial baseline
    assert [rule.reason.code for rule in verdict.rules if rule.outcome == "INCONCLUSIVE"] == ["single_class", "undecided"]
