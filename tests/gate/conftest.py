"""Runs to judge, and their verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, summarization

from harness.api import gate
from harness.gate import RuleVerdict, Verdict
from harness.reporting.wording.gate.rule_sentences import full_rule_title
from harness.store import StoredRun

Runs = Callable[..., StoredRun]


def judged(run: StoredRun, tmp_path: Path, strategy: str = "lora", policy: dict[str, Any] | None = None, **more: Any) -> Verdict:
    path = None
    if policy is not None:
        path = tmp_path / "policy.yaml"
        path.write_text(json.dumps(policy), encoding="utf-8")
    options = {"registry": tmp_path / "registry", "policy": path, "baseline": f"{run.path}:base"} | more
    options.setdefault("new_registry", not (options["registry"] / "registry.sqlite").exists())
    return gate(run.path, strategy, **options)


def only(verdict: Verdict, text: str) -> RuleVerdict:
    """The one rule whose title, with the raw name of its score, contains this text."""
    (verdict,) = [rule for rule in verdict.rules if text in full_rule_title(rule)]
    return verdict


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """A run of `base` and `lora` (or another), so good, on so many rows."""
    made: list[StoredRun] = []

    def _runs(
        quality: float = 0.9, *, tuned: str = "lora", rows: int = 200, seeds: tuple[int, ...] = (1,), base: float = 0.3, **more: object
    ) -> StoredRun:
        cells = [Made("base", base), *(Made(tuned, quality, seed, train_seconds=60) for seed in seeds)]
        made.append(make_run(tmp_path / "runs" / f"run-{len(made)}", [summarization(cells, rows=rows, **more)]))
        return made[-1]

    return _runs
