"""`bench plan`: what the rows at hand can show, before anything is spent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_factory import Made, make_run, questions, summarization

from harness.api import load_run


def rows(folder: Path, count: int = 100, group: bool = False) -> None:
    lines = ["dialogue,note,patient", *(f"text {i},note {i},{f'p{i // 5}' if group else i}" for i in range(count))]
    (folder / "visits.csv").write_text("\n".join(lines))


DATA = ("--task", "summarization", "--data", "visits.csv", "--input", "dialogue", "--target", "note")


def test_included_task_with_groups(call):
    ended = call("plan", "--task", "summarization")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "summarization · rougeL · 80 test examples in 50 groups"
    assert "Based on the worst case: each strategy fails exactly where the other is right." in ended.out
    assert (
        "The test set is too small: if two strategies are equally good, “not worse by more than Δ = 0.01” is shown with only 5%"
        in ended.out
    )
    assert "80% probability takes about 120,000 test examples." in ended.out


def test_own_data_with_a_wide_margin(call, here):
    rows(here)
    ended = call("plan", *DATA, "--margin", "0.9")
    assert ended.out.splitlines()[0] == "summarization · rougeL · 10 test examples"
    assert "The test set is large enough: if two strategies are equally good, “not worse by more than Δ = 0.9” is shown with 8" in ended.out


def test_spread_of_an_earlier_run_is_used(call, here):
    rows(here)
    cells = [Made("base", 0.1), Made("lora", 0.8, 1, train_seconds=9), Made("qlora", 0.8, 1, train_seconds=9)]
    make_run(here / "runs" / "before", [summarization(cells)])
    worst, known = (json.loads(call("plan", *DATA, "--format", "json", *more).out)["tasks"][0] for more in ((), ("--from", "before")))
    assert {known["source"]["a"], known["source"]["b"]} == {"lora", "qlora"}, "the two that are trained"
    assert known["power"]["detectable"] < worst["power"]["detectable"]
    assert known["power"]["sample_size"]["examples"] < worst["power"]["sample_size"]["examples"]
    assert known["strategies"] == 3, "those of the earlier run"
    assert (
        call("plan", *DATA, "--from", "latest").out.splitlines()[2]
        == "Based on the spread of the difference between qlora and lora in before."
    )


def test_number_of_strategies_and_policy_set_the_level(call, here):
    rows(here, 1000)
    (here / "policy.yaml").write_text(json.dumps({"alpha": 0.1, "looks": 4, "rules": [{"rule": "not_worse", "score": "rougeL"}]}))
    two, five = (json.loads(call("plan", *DATA, "--format", "json", *more).out)["tasks"][0] for more in ((), ("--strategies", "5")))
    assert two["power"]["sample_size"]["alpha"] == 0.05 and five["power"]["sample_size"]["alpha"] == 0.05 / 4
    assert two["power"]["sample_size"]["examples"] < five["power"]["sample_size"]["examples"]
    ended = call("plan", *DATA, "--policy", "policy.yaml")
    assert "Computed for the untuned model and one other strategy, 4 planned evaluations of this test set and α = 0.1." in ended.out


def test_strategies_are_those_that_a_run_would_compare(call, here):
    """The level is that of the report of `bench run` with the same strategies, which adds the untuned model."""
    rows(here, 1000)
    named, counted, alone = (
        json.loads(call("plan", *DATA, "--format", "json", *more).out)["tasks"][0]
        for more in (("--strategies", "lora,qlora"), ("--strategies", "3"), ())
    )
    assert named["names"] == ["base", "lora", "qlora"] and named["power"] == counted["power"]
    assert alone["power"]["sample_size"]["examples"] < named["power"]["sample_size"]["examples"]
    assert "Computed for 3 strategies (base, lora and qlora)." in named["sentences"]
    assert "Computed for the untuned model and one other strategy." in " ".join(alone["sentences"])


@pytest.mark.parametrize(("value", "problem"), [("1", "at least 2 strategies"), ("lora,loar", "Did you mean 'lora'")])
def test_strategies_that_cannot_be_compared_are_an_error(call, here, value, problem):
    rows(here)
    ended = call("plan", *DATA, "--strategies", value)
    assert ended.code == 2 and problem in ended.err


def test_plan_starts_with_what_the_margin_means(call, here):
    rows(here)
    line = call("plan", *DATA, "--margin", "0.02").out.splitlines()[1]
    assert line.startswith("Δ = 0.02 accepts a loss like 2 of 100 outputs turning from right to wrong")
    assert "Choose Δ first" in line


def test_plan_says_whether_the_test_set_can_decide_each_guardrail(call):
    """71 of the 300 shipped test examples are urgent messages: without an error they show 5% for one strategy, not for two."""
    ended = call("plan", "--task", "classification", "--format", "json")
    (task,) = json.loads(ended.out)["tasks"]
    (guardrail,) = task["guardrails"]
    assert (guardrail["score"], guardrail["limit"], guardrail["examples"], guardrail["exact"]) == ("critical_error_rate", 0.05, 71, True)
    assert (guardrail["units_without_errors"], guardrail["units_needed"]) == (72, 465)
    assert guardrail["units"] < 71, "messages of one conversation"
    assert "“Critical errors at most 5%”: the test set is too small. 71 test examples have this score" in task["sentences"][-1]


def test_spread_of_an_earlier_run_is_used_for_guardrails(call, here):
    (here / "mine.yaml").write_text(
        "name: summarization\nkind: summarization\ndata: {source: clinic}\nguardrails: {rouge1: {not_worse_than: base, by: 0.05}}\n"
    )
    make_run(here / "runs" / "before", [summarization([Made("base", 0.7), Made("lora", 0.8, 1, train_seconds=9)])])
    worst, known = (call("plan", "--task", "mine.yaml", *more).out.splitlines()[-1] for more in ((), ("--from", "before")))
    assert "it takes about 3,100 if both are equally good, and each fails where the other is right." in worst
    assert "each fails" not in known
    assert "if both are equally good" in known


def test_large_enough_test_set_can_decide_a_guardrail(call, here):
    (here / "notes.csv").write_text("\n".join(["dialogue,note", *(f"text {i},note {i}" for i in range(1000))]))
    (here / "mine.yaml").write_text(
        "name: mine\nkind: summarization\ndata: {path: notes.csv, fields: {input: dialogue, target: note}, "
        "split: {train: 0.2, validation: 0.2, test: 0.6}}\n"
        "guardrails: {omission_rate: {at_most: 0.05}, review.critical_error_rate: {at_most: 0.1}}\n"
    )
    omission, raters = call("plan", "--task", "mine.yaml").out.splitlines()[-2:]
    assert "the test set is large enough. 600 test examples have this score. With 2 strategies, it takes 72" in omission
    assert omission.endswith("The score counts once raters confirm it (`bench review export --mode errors`).")
    assert "raters have to judge outputs. With 2 strategies, it takes 36 outputs without an error" in raters


def test_several_tasks(call):
    out = call("plan", "--task", "qa,classification").out
    assert out.count("detect a difference of") == 1
    assert "\n\nclassification · macro_f1 · 300 test examples in" in out
    assert "macro_f1 is computed from all examples together, so there is no worst case to plan with." in out
    assert "An earlier run on similar data, named with --from RUN, says how many test examples it takes." in out


def test_score_without_a_worst_case_still_has_a_smallest_margin(call, here):
    """Of 12 examples, 22% may fail unseen at 5% (1 − 0.05^(1/12)), which moves the average over three labels by a third of that."""
    labels = ["yes"] * 60 + ["no"] * 40 + ["maybe"] * 12
    (here / "test.csv").write_text("\n".join(["question,answer", *(f"question {i},{label}" for i, label in enumerate(labels))]))
    for name in ("train", "validation"):
        lines = [f"{name} {i},{label}" for i, label in enumerate(["yes", "no", "maybe"] * 9)]
        (here / f"{name}.csv").write_text("\n".join(["question,answer", *lines]))
    (here / "mine.yaml").write_text(
        'name: mine\nkind: classification\nlabels: ["yes", "no", maybe]\nmargin: 0.02\n'
        "data: {path: train.csv, fields: {input: question, target: answer}}\n"
    )
    files = ("--train", "train.csv", "--validation", "validation.csv", "--test", "test.csv")
    (task,) = json.loads(call("plan", "--task", "mine.yaml", *files, "--format", "json").out)["tasks"]
    assert (task["bound"]["rarest"], task["bound"]["count"]) == ("maybe", 12)
    assert task["bound"]["smallest_margin"] == pytest.approx((1 - 0.05 ** (1 / 12)) / 3)
    factor = task["bound"]["examples_needed"] / 112
    assert (1 - 0.05 ** (1 / (12 * factor))) / 3 < 0.02 < (1 - 0.05 ** (1 / (11.6 * factor))) / 3
    text = call("plan", "--task", "mine.yaml", *files).out
    assert "With 12 examples of the rarest label, “maybe”, failures that the test set does not show may cost 0.074" in text
    assert "The test set is too small for Δ = 0.02: it takes at least about 460 test examples like these" in text


def test_the_plan_asks_for_as_many_examples_as_the_report_of_the_run(call, here):
    rows(here)
    cells = [Made("base", 0.2), *(Made(name, 0.75, 1, train_seconds=k + 1) for k, name in enumerate(("lora", "qlora", "full")))]
    make_run(here / "runs" / "before", [summarization(cells, rows=200)])
    (step,) = [s for s in load_run("before").decision().next_steps if s.code == "more_examples"]
    (known,) = json.loads(call("plan", *DATA, "--from", "before", "--format", "json").out)["tasks"]
    assert step.assumed == "equal"
    assert known["power"]["sample_size"]["examples"] == step.examples
    assert known["power"]["sample_size"]["assumption"] == "equal"


def test_a_run_that_cannot_provide_a_spread_is_one_clear_error(call, here):
    (here / "mine.yaml").write_text("name: mine\nkind: summarization\ndata: {source: clinic}\n")
    make_run(here / "runs" / "before", [summarization([Made("base", 0.7), Made("lora", 0.8, 1, train_seconds=9)])])
    ended = call("plan", "--task", "mine.yaml", "--from", "before")
    assert (ended.code, ended.out) == (2, "") and "before: has no task 'mine'" in ended.err
    same = [Made(name, 0.8, 1, train_seconds=9, answer=lambda e, r: e.targets[0]) for name in ("lora", "qlora")]
    make_run(here / "runs" / "same", [summarization(same)])
    ended = call("plan", "--task", "summarization", "--from", "same")
    assert (ended.code, ended.out) == (2, "") and "has no two strategies whose results differ" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "sumarization"), "Did you mean 'summarization'"),
        ((), "no task"),
        ((*DATA[:3], "nowhere.csv"), "nowhere.csv"),
        (("--task", "qa", "--margin", "-1"), "--margin"),
        (("--task", "qa", "--from", "nothing"), "there is no run 'nothing'"),
        (("--task", "qa", "--from", "other"), "has no task 'qa'"),
        (("--task", "summarization", "--from", "alone"), "no two strategies whose results differ"),
    ],
)
def test_bad_input_is_one_clear_error(call, here, arguments, message):
    make_run(here / "runs" / "other", [questions([Made("lora", 0.5, 1)], rows=20)])
    make_run(here / "runs" / "alone", [summarization([Made("lora", 0.5, 1)], rows=20)])
    ended = call("plan", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
