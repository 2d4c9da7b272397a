"""Wrong arguments of the Python interface are the same `BenchError` that the command line shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, summarization

import harness
from harness import api
from harness.errors import BenchError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    folder = tmp_path_factory.mktemp("wrong") / "run"
    return api.Run(make_run(folder, [summarization([Made("base", 0.2), Made("few-shot", 0.9)], rows=12)]))


CALLS: dict[str, tuple[Callable[[api.Run], Any], str]] = {
    "limit": (lambda run: harness.run("qa", strategies="base", limit=-1), "limit must be a whole number from 1, not -1"),
    "limit of another type": (lambda run: harness.run("qa", strategies="base", limit="x"), "limit must be a whole number from 1, not 'x'"),  # type: ignore[arg-type]
    "seeds": (lambda run: harness.run("qa", strategies="base", seeds=0), "seeds must be a whole number from 1, not 0"),
    "epochs": (lambda run: harness.run("qa", strategies="base", epochs=float("nan")), "epochs must be a number above 0, not nan"),
    "jobs": (lambda run: harness.run("qa", strategies="base", jobs=0), "jobs must be a whole number from 1, not 0"),
    "executor": (
        lambda run: harness.run("qa", strategies="base", executor="cluster"),  # type: ignore[arg-type]
        "executor must be 'local' or 'ray', not 'cluster'",
    ),
    "serving seconds": (
        lambda run: harness.run("qa", strategies="base", serving_seconds=-1),
        "serving_seconds must be a number above 0, not -1",
    ),
    "unknown task": (
        lambda run: harness.run("summarisation", strategies="base"),
        "unknown task 'summarisation'. Did you mean 'summarization'",
    ),
    "margin": (lambda run: harness.plan("qa", margin=-1), "margin must be a number above 0, not -1"),
    "margin of a comparison": (lambda run: harness.compare(run, margin=0), "margin must be a number above 0, not 0"),
    "unknown strategy": (lambda run: harness.compare(run, strategies=("base", "fewshot")), "Did you mean 'few-shot'"),
    "no outputs": (lambda run: harness.score("qa", "none.jsonl"), "outputs:none.jsonl: no such file"),
    "no run": (lambda run: harness.load_run("none"), "there is no run 'none'"),
    "no registry": (lambda run: harness.gate(run, "few-shot", registry="none"), 'none: does not exist (registry="none")'),
    "force": (lambda run: api.promote(run, "few-shot", force=True), 'force=True needs reason="TEXT"'),
    "no champion": (lambda run: api.champion("qa", registry="none"), 'none: does not exist (registry="none")'),
    "no rows": (lambda run: api.predict(run, "few-shot", []), "data: has no rows"),
    "no file": (lambda run: api.predict(run, "few-shot", "none.csv"), "none.csv: no such file"),
    "rows to answer": (lambda run: api.predict(run, "few-shot", [], limit=0), "limit must be a whole number from 1, not 0"),
    "plain rows": (lambda run: api.predict(run, "few-shot", [{"input": "a"}], lines=True), "lines=True: needs a file or a stream"),
    "format": (lambda run: api.predict(run, "few-shot", [], out="x.xlsx"), "x.xlsx: must end in .jsonl or .csv"),
    "no weights": (lambda run: api.export(run, "few-shot", "out"), "'few-shot' trains nothing"),
    "simulations": (lambda run: api.audit(run, simulations=0), "simulations must be a whole number from 1, not 0"),
    "packets": (lambda run: api.review_export(run, ("base", "few-shot"), n=0), "n=0: must be 1 or greater"),
    "no task": (lambda run: run.decision("qa"), "has no task 'qa'"),
    "no folder": (lambda run: run.write_report("none/report.html"), "none/report.html: the folder none does not exist"),
    "volume of a page": (lambda run: run.write_report("x.html", volume=0), "volume must be a whole number from 1 to "),
    "volume of values": (lambda run: run.to_dict(volume=-1), "volume must be a whole number from 1 to "),
    "kept runs": (lambda run: api.select_prunable(keep=-1, older_than=timedelta(1)), "keep must be a whole number from 0, not -1"),
    "runs to delete": (lambda run: api.select_prunable(), "name the runs to delete: keep="),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_arguments_are_one_error(run: api.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    call, message = CALLS[name]
    with pytest.raises(BenchError) as caught:
        call(run)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())
