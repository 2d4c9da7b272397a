"""`bench plan`: what the rows at hand can show, before anything is spent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_factory import Made, make_run, questions, summarization


def rows(folder: Path, count: int = 100, group: bool = False) -> None:
    lines = ["dialogue,note,patient", *(f"text {i},note {i},{f'p{i // 5}' if group else i}" for i in range(count))]
    (folder / "visits.csv").write_text("\n".join(lines))


DATA = ("--task", "summarization", "--data", "visits.csv", "--input", "dialogue", "--target", "note")


def test_included_task_with_groups(call):
    ended = call("plan", "--task", "summarization")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "summarization · rougeL · 80 test examples in 50 groups"
    assert "Taken is the worst case: each of the two fails where the other is right." in ended.out
    assert "The question cannot be answered with these rows: “not worse by more than Δ = 0.01” would be shown in 6 % of" in ended.out
    assert "It takes about 62,000 groups of rows, or a margin of 0.384." in ended.out


def test_own_data_with_a_wide_margin(call, here):
    rows(here)
    ended = call("plan", *DATA, "--margin", "0.9")
    assert ended.out.splitlines()[0] == "summarization · rougeL · 10 test examples"
    assert "The question can be answered: “not worse by more than Δ = 0.9” is shown in 8" in ended.out


def test_spread_of_an_earlier_run_is_used(call, here):
    rows(here)
    cells = [Made("base", 0.1), Made("lora", 0.8, 1, train_seconds=9), Made("qlora", 0.8, 1, train_seconds=9)]
    make_run(here / "runs" / "before", [summarization(cells)])
    worst, known = (json.loads(call("plan", *DATA, "--format", "json", *more).out)["tasks"][0] for more in ((), ("--from", "before")))
    assert set(known["spread_of"].removesuffix(" in before").split(" and ")) == {"lora", "qlora"}, "the two that are tuned"
    assert known["outlook"]["spread"] < worst["outlook"]["spread"] == 1.0
    assert known["outlook"]["needed"] < worst["outlook"]["needed"]
    assert (
        call("plan", *DATA, "--from", "latest").out.splitlines()[1] == "Taken is the spread of the difference of lora and qlora in before."
    )


def test_several_tasks(call):
    out = call("plan", "--task", "qa,classification").out
    assert out.count("A difference of") == 1
    assert "\n\nclassification · macro_f1 · 300 test examples in" in out
    assert "macro_f1 is made from all rows together, so there is no worst case to reckon with: name an earlier run on such data" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "sumarization"), "Did you mean 'summarization'"),
        ((), "no task"),
        ((*DATA[:3], "nowhere.csv"), "nowhere.csv"),
        (("--task", "qa", "--margin", "-1"), "--margin"),
        (("--task", "qa", "--from", "nothing"), "there is no run 'nothing'"),
        (("--task", "qa", "--from", "other"), "has no task 'qa'"),
        (("--task", "summarization", "--from", "alone"), "no two strategies with results that differ"),
    ],
)
def test_bad_input_is_one_clear_error(call, here, arguments, message):
    make_run(here / "runs" / "other", [questions([Made("lora", 0.5, 1)], rows=20)])
    make_run(here / "runs" / "alone", [summarization([Made("lora", 0.5, 1)], rows=20)])
    ended = call("plan", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
