"""`bench compare` as it is typed: what stands on the screen, in a pipe, in JSON, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, classification, make_run, summarization

from harness.api import compare

CELLS = [Made("base", 0.2), Made("lora", 0.5, 1, train_seconds=300), Made("qlora", 0.8, 1, train_seconds=600)]


@pytest.fixture
def runs(here: Path) -> Path:
    """Two runs of the same task, and one of two tasks."""
    make_run(here / "runs" / "old", [summarization(CELLS, meta=lambda i: {"ward": f"ward {i % 3}"})])
    make_run(here / "runs" / "new", [summarization([Made("lora", 0.7, 1, train_seconds=300)], meta=lambda i: {"ward": f"ward {i % 3}"})])
    make_run(here / "runs" / "two", [summarization(CELLS), classification(CELLS)])
    return here / "runs"


def test_two_strategies_of_a_run(call, runs):
    ended = call("compare", "old", "--strategies", "lora,qlora", "--by", "ward")
    assert (ended.code, ended.err) == (0, "")
    first, second = ended.out.splitlines()[:2]
    title = "summarization · Match with the reference [rougeL] · 120 test examples"
    assert first == f"{title}: qlora (B, 1 seed) compared with lora (A, 1 seed)"
    assert re.match(
        r"qlora is better than lora: match with the reference 0\.\d{3} vs\. 0\.\d{3}, a difference of \+0\.\d{3} \(95% CI ", second
    )
    sentences = [
        "PASS: qlora is not worse than lora",
        "with 80% power",
        "lora and qlora ran with one seed each",
        "qlora delivers 2",
        "One run of B takes 11 min 59 s",
        "Match with the reference [rougeL] by ward",
        "ward 2",
        "Examples that changed most",
    ]
    assert [part for part in sentences if part not in ended.out] == []
    row = next(line for line in ended.out.splitlines() if line.startswith("Match with the reference [rougeL]  "))
    assert " / " in row and "better" in row


def test_best_strategy_is_compared_with_the_others_in_each_task(call, runs):
    ended = call("compare", "two")
    assert ended.code == 0
    assert "summarization · Match with the reference [rougeL] · 120 test examples: each strategy compared with qlora, the best" in ended.out
    assert "intents · F1, every class equal [macro_f1] · 120 test examples: each strategy compared with qlora, the best" in ended.out
    base = next(line for line in ended.out.splitlines() if line.startswith("base"))
    assert "worse" in base and "FAIL" in base
    assert "qlora was picked as the best on these same test examples" in ended.out
    assert "qlora and lora ran with one seed each" in ended.out


def test_two_runs(call, runs):
    ended = call("compare", "old", "new", "--strategies", "lora")
    assert ended.code == 0
    assert "lora (B, 1 seed, new) compared with lora (A, 1 seed, old)" in ended.out
    assert "lora (B) is better than lora (A)" in ended.out
    assert call("compare", "old", "new").out == ended.out, "lora is all that both have"


def test_json_is_not_rounded(call, runs):
    ended = call("compare", "old", "--strategies", "lora,qlora", "--by", "ward", "--format", "json")
    (found,) = json.loads(ended.out)["comparisons"]
    assert (found["task"], found["a"]["strategy"], found["b"]["strategy"]) == ("summarization", "lora", "qlora")
    primary = found["scores"][0]
    (view,) = compare("old", strategies=["lora", "qlora"])
    assert primary["comparison"]["difference"] == view.primary.comparison.difference
    assert {part["name"] for part in found["slices"]} == {"ward 0", "ward 1", "ward 2"}
    assert found["not_worse"]["outcome"] == "PASS"
    assert found["changed"][0]["output_a"] != found["changed"][0]["output_b"]


def test_latest_run_with_a_margin(call, runs):
    ended = call("compare", "latest", "--runs-dir", str(runs), "--strategies", "lora,qlora", "--task", "summarization", "--margin", "0.9")
    assert ended.code == 0
    assert "qlora is better than lora, but by less than the margin" in ended.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("old", "new", "two"), "compare one run or two, not 3"),
        (("nothing",), "there is no run 'nothing' in runs"),
        (("old", "--strategies", "lora"), "'lora' needs a second strategy to be compared with in the same run: --strategies A,lora"),
        (("old", "--strategies", "lora,qlora", "--by", "wards"), "Did you mean 'ward'"),
        (("old", "--strategies", "lora,qlora", "--margin", "0"), "--margin"),
        (("old", "--strategies", "lora,qlora", "--train-size", "all"), "'all' must be a number of training examples"),
        (("old", "two", "--task", "intents"), "has no task 'intents'"),
        (("old", "--by", "ward"), "--by compares two strategies: name them with --strategies A,B"),
        (("two", "--margin", "0.1"), "--margin is in the unit of one score"),
        ((), "Missing argument"),
    ],
)
def test_bad_input_is_one_clear_error(call, runs, arguments, message):
    ended = call("compare", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_hostile_outputs_are_escaped(call, here):
    cells = [Made("lora", seed=1, answer=lambda e, r: HOSTILE), Made("qlora", 0.8, 1)]
    make_run(here / "runs" / "bad", [summarization(cells, rows=12, text=lambda i: HOSTILE, meta=lambda i: {"ward": HOSTILE})])
    ended = call("compare", "bad", "--strategies", "lora,qlora", "--by", "ward")
    assert ended.code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ended.out)
    assert "[bold]x[/bold]" in ended.out
    assert json.loads(call("compare", "bad", "--format", "json").out)["comparisons"][0]["changed"][0]["output_a"] == HOSTILE.replace(
        "\r", ""
    )
