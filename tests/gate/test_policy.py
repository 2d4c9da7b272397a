"""Policies: strict fields, and all errors reported at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.api import draft_policy, open_catalog
from harness.errors import BenchError
from harness.gate import Policy, default_policy, find_useless_rules, read_policy
from harness.gate.policies import MEASURES, REVIEW_SCORES, policy_to_plain
from harness.grid import Request, read_tasks
from harness.metrics import metrics_for
from harness.results import slice_examples
from harness.types import DataSpec, Rule, Task

TASK = Task(
    name="notes",
    kind="summarization",
    data=DataSpec(path="x.csv"),
    prompt="{{ input }}",
    metrics=("rouge", "facts", "length", "ter"),
    primary="rougeL",
    margin=0.02,
)
METRICS = metrics_for(TASK.metrics, ())


def read(tmp_path: Path, text: str, task: Task = TASK) -> Policy:
    (tmp_path / "gate.yaml").write_text(text, encoding="utf-8")
    return read_policy(tmp_path / "gate.yaml", task, METRICS)


def test_every_problem_is_reported_with_its_line(tmp_path: Path) -> None:
    text = """alpha: 2
looks: 0
rulez: []
rules:
  - {rule: not_worse, score: rougel}
  - {rule: floor, score: rougeL}
  - {rule: ceiling, score: rougeL, value: 0.5}
  - {rule: floor, score: critical_error_rate, value: 0.1}
  - {rule: not_worse, score: output_words}
  - {rule: ceiling, score: answer_seconds, value: 1, slice: ward}
  - {rule: better, score: review.win_rate, by: 0.1}
  - {rule: floor, score: bleu, value: 3}
  - {rule: not_worse, score: ter}
"""
    with pytest.raises(BenchError) as first:
        read(tmp_path, text)
    said = str(first.value)
    for expected in ("gate.yaml:1: alpha", "gate.yaml:2: looks", "gate.yaml:3: unknown field 'rulez'", "gate.yaml:6: rules[1]"):
        assert expected in said
    for expected in ("'rougel' is not a score of 'notes'", "use 'ceiling'", "add that to the task"):
        assert expected in said, "valid rules are checked although others are not valid"
    good = text.replace("alpha: 2\nlooks: 0\nrulez: []\n", "").replace("  - {rule: floor, score: rougeL}\n", "")
    with pytest.raises(BenchError) as second:
        read(tmp_path, good)
    said = str(second.value)
    for expected in (
        "'rougel' is not a score of 'notes'. Did you mean 'rougeL'",
        "a higher rougeL is better, so a ceiling would reject good models; use 'floor'",
        "a lower critical_error_rate is better, so a floor would reject good models; use 'ceiling'",
        "neither a higher nor a lower output_words is better; use 'floor' or 'ceiling'",
        "answer_seconds is not measured per slice",
        "a review is compared within itself; use 'floor' or 'ceiling'",
        "It belongs to the metric 'bleu': add that to the task",
        "the task's margin is for rougeL; set 'margin' to say by how much ter may be worse",
    ):
        assert expected in said, expected
    assert len(second.value.problems) == 9


def test_a_score_over_all_labels_is_refused_for_slices(tmp_path: Path) -> None:
    task = TASK.model_copy(update={"kind": "classification", "metrics": ("classification",), "primary": "macro_f1", "labels": ("a", "b")})
    (tmp_path / "gate.yaml").write_text("rules:\n  - {rule: not_worse, score: macro_f1, slice: class}\n", encoding="utf-8")
    with pytest.raises(BenchError, match=r"gate.yaml:2: rules\[0\]\.slice: macro_f1 is computed over all labels.*use accuracy"):
        read_policy(tmp_path / "gate.yaml", task, metrics_for(task.metrics, task.labels))


def test_a_rule_without_a_margin_gets_the_tasks(tmp_path: Path) -> None:
    policy = read(tmp_path, "rules:\n  - {rule: not_worse, score: rougeL}\n  - {rule: not_worse, score: ter, margin: 3}\n")
    assert [rule.margin for rule in policy.rules] == [0.02, 3.0]
    relative = read(tmp_path, "rules:\n  - {rule: not_worse, score: rougeL, relative: 0.1}\n")
    assert [(rule.margin, rule.relative, rule.threshold) for rule in relative.rules] == [(None, 0.1, 0.1)]
    of_all = read(tmp_path, "rules:\n  - {rule: not_worse, score: rougeL}\n  - {rule: not_worse, score: ter, relative: 0.1}\n")
    assert of_all.rules[1].relative == 0.1, "a score that is computed over all examples together has a share, too"


def test_a_share_of_a_score_that_can_be_negative_is_refused(tmp_path: Path) -> None:
    task = TASK.model_copy(update={"kind": "classification", "metrics": ("classification",), "primary": "mcc", "labels": ("a", "b")})
    (tmp_path / "gate.yaml").write_text("rules:\n  - {rule: not_worse, score: mcc, relative: 0.1}\n", encoding="utf-8")
    with pytest.raises(BenchError, match="mcc can be negative, so a share of it means nothing; use 'margin'"):
        read_policy(tmp_path / "gate.yaml", task, metrics_for(task.metrics, task.labels))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"rule": "floor", "score": "rougeL"}, "needs 'value'"),
        ({"rule": "floor", "score": "rougeL", "value": 0.1, "margin": 0.1}, "takes no 'margin'"),
        ({"rule": "not_worse", "score": "rougeL", "by": 0.1}, "takes no 'by'"),
        ({"rule": "better", "score": "rougeL", "value": 0.1}, "takes no 'value'"),
        ({"rule": "not_worse", "score": "rougeL", "margin": 0}, "greater than 0"),
        ({"rule": "not_worse", "score": "rougeL", "margin": True}, "must be a number, not true"),
        ({"rule": "not_worse", "score": "rougeL", "margin": 2}, "rougeL ranges from 0 to 1, so with a margin of 2 everything passes"),
        ({"rule": "floor", "score": "rougeL", "value": 0}, "rougeL ranges from 0 to 1: with a floor of 0 every model passes"),
        ({"rule": "floor", "score": "rougeL", "value": -0.1}, "with a floor of -0.1 every model passes"),
        ({"rule": "floor", "score": "rougeL", "value": 1}, "with a floor of 1 no model can be shown to pass"),
        ({"rule": "ceiling", "score": "critical_error_rate", "value": 1}, "with a ceiling of 1 every model passes"),
        ({"rule": "ceiling", "score": "critical_error_rate", "value": 0}, "with a ceiling of 0 no model can be shown to pass"),
        ({"rule": "ceiling", "score": "review.critical_error_rate", "value": 1}, "with a ceiling of 1 every model passes"),
        ({"rule": "floor", "score": "review.win_rate", "value": 0, "against": "base"}, "with a floor of 0 every model passes"),
        ({"rule": "better", "score": "rougeL", "by": 1}, "no model can be better by more than 1"),
        ({"rule": "not_worse", "score": "rougeL", "relative": 1}, "less than 1"),
        ({"rule": "not_worse", "score": "rougeL", "relative": 0.1, "margin": 0.1}, "give one of them"),
        ({"rule": "better", "score": "rougeL", "relative": 0.1}, "takes no 'relative'"),
        ({"rule": "not_worse", "score": "forgetting", "relative": 0.1}, "forgetting can be negative, so a share of it means nothing"),
        ({"rule": "floor", "score": "rougeL", "value": 0.1, "tier": "optional"}, "tier"),
        ({"rule": "perhaps", "score": "rougeL"}, "perhaps"),
        ({"rule": "floor", "score": "rougeL", "value": 0.1, "rows": 50}, "takes no 'rows'"),
        ({"rule": "floor", "score": "rougeL", "value": 0.1, "against": "base"}, "takes no 'against'"),
        ({"rule": "not_worse", "score": "rougeL", "against": "base"}, "in a policy the rule 'not_worse' takes no 'against'"),
    ],
)
def test_invalid_rules_are_refused(tmp_path: Path, rule: dict[str, Any], said: str) -> None:
    with pytest.raises(BenchError, match=re.escape(said)):
        read(tmp_path, yaml.safe_dump({"rules": [rule]}))


def test_the_default_policy() -> None:
    policy = default_policy(TASK, METRICS)
    assert [(r.rule, r.score, r.margin) for r in policy.rules] == [
        ("not_worse", "rougeL", 0.02),
        ("not_worse", "critical_error_rate", 0.02),
    ]


def test_digest_is_of_everything_that_decides() -> None:
    policy = Policy(rules=(Rule(rule="floor", score="rougeL", value=0.5),))
    limit = Rule(rule="ceiling", score="output_words", value=200)
    assert len({policy.digest, policy.digest_with([limit]), policy.digest_with([limit.model_copy(update={"value": 250.0})])}) == 3
    assert policy.model_copy(update={"description": "of 2026"}).digest == policy.digest


def test_rules_that_every_model_passes_decide_nothing_alone() -> None:
    rules = (
        Rule(rule="not_worse", score="rougeL", margin=0.1),
        Rule(rule="better", score="rougeL"),
        Rule(rule="ceiling", score="answer_seconds", value=1),
        Rule(rule="floor", score="output_words", value=5),
        Rule(rule="floor", score="rougeL", value=0.3, tier="advisory"),
        Rule(rule="floor", score="rougeL", value=0.3),
        Rule(rule="ceiling", score="critical_error_rate", value=0.2),
    )
    trivial = {"rougeL": 0.31, "critical_error_rate": 0.02}

    def useless(*rules: Rule, has_baseline: bool = False) -> list[str]:
        return find_useless_rules(Policy(rules=rules), METRICS, has_baseline=has_baseline, trivial=trivial)

    assert useless(*rules) == [
        "rules[0] (not_worse rougeL) has no baseline to compare with",
        "rules[1] (better rougeL) has no baseline to compare with",
        "rules[2] (ceiling answer_seconds 1) is not about the quality of outputs",
        "rules[3] (floor output_words 5) is not about the quality of outputs",
        "rules[4] (floor rougeL 0.3) is advisory",
        "rules[5] (floor rougeL 0.3) is met by the trivial baseline, which uses no model and scores 0.31",
        "rules[6] (ceiling critical_error_rate 0.2) is met by the trivial baseline, which uses no model and scores 0.02",
    ]
    for real in (Rule(rule="floor", score="rougeL", value=0.4), Rule(rule="ceiling", score="review.critical_error_rate", value=0.1)):
        assert useless(*rules, real) == []
    assert useless(*rules, has_baseline=True) == [] and len(useless(*rules[2:], has_baseline=True)) == 5


def test_the_tier_of_a_rule_is_part_of_what_decides() -> None:
    rule = Rule(rule="floor", score="rougeL", value=0.3)
    advisory = rule.model_copy(update={"tier": "advisory"})
    assert Policy(rules=(rule,)).digest != Policy(rules=(advisory,)).digest


@pytest.mark.parametrize("task", ["summarization", "classification", "qa", "generation"])
def test_the_draft_of_every_shipped_task_is_a_valid_policy(tmp_path: Path, task: str) -> None:
    ((own, rows),) = read_tasks(Request(tasks=(task,), strategies=()), open_catalog())
    metrics = metrics_for(own.metrics, rows.test[0].choices)
    (tmp_path / "gate.yaml").write_text(draft_policy(task), encoding="utf-8")
    policy = read_policy(tmp_path / "gate.yaml", own, metrics)
    assert policy.rules[0].score == own.primary and policy.looks == 5
    assert "critical_error_rate" in [rule.score for rule in policy.rules], "the shipped data know their facts"
    everything = re.sub(r"^  # - ", "  - ", draft_policy(task), flags=re.MULTILINE)
    (tmp_path / "gate.yaml").write_text(everything, encoding="utf-8")
    whole = read_policy(tmp_path / "gate.yaml", own, metrics)
    assert {rule.score for rule in whole.rules} >= {*MEASURES, *REVIEW_SCORES}, "rules in comments are valid as well"
    for rule in whole.rules:
        assert rule.slice is None or len(slice_examples(rows.test, rule.slice)) > 1


def test_the_draft_for_own_data_names_its_columns(tmp_path: Path) -> None:
    wards = ["north", "south: old", "it's"]
    rows = [f'text {i},label {i % 2},"{wards[i % 3]}",note {i}' for i in range(300)]
    (tmp_path / "visits.csv").write_text("\n".join(["text,label,the ward,remark", *rows]), encoding="utf-8")
    task = {"name": "visits", "kind": "classification", "prompt": "{{ input }}"}
    data = {"path": "visits.csv", "fields": {"input": "text", "target": "label"}, "keep": ["the ward", "remark"]}
    (tmp_path / "visits.yaml").write_text(yaml.safe_dump(task | {"data": data}), encoding="utf-8")
    drafted = draft_policy(str(tmp_path / "visits.yaml"))
    assert "slice: 'the ward'" in drafted and "slice: class" in drafted
    assert "remark" not in drafted and "score: critical_error_rate" not in drafted


def test_the_digest_covers_what_decides() -> None:
    one = default_policy(TASK, METRICS)
    assert one.digest == one.model_copy(update={"description": "words"}).digest
    assert one.digest != one.model_copy(update={"alpha": 0.01}).digest


SCORES = ("rougeL", "critical_error_rate", "ter", "output_words", "answer_seconds", "forgetting", "review.win_rate", "rougel", "", 3, None)
NUMBERS = st.one_of(st.sampled_from([0, 1, -1, 0.1, 2, 1e300, "0.1", "much", True, None]), st.floats(allow_nan=True))
FIELDS = {
    "rule": st.sampled_from(["floor", "ceiling", "not_worse", "better", "perhaps", 1, None]),
    "score": st.sampled_from(SCORES),
    "value": NUMBERS,
    "margin": NUMBERS,
    "relative": NUMBERS,
    "by": NUMBERS,
    "slice": st.sampled_from(["ward", "ward=north", "class", "=", "", 7]),
    "rows": NUMBERS,
    "against": st.sampled_from(["base", "", 1]),
    "tier": st.sampled_from(["blocking", "advisory", "optional", 0]),
    "extra": st.just(1),
}
OPTIONAL = {name: values for name, values in FIELDS.items() if name not in ("rule", "score")}
RULES = st.fixed_dictionaries({"rule": FIELDS["rule"], "score": FIELDS["score"]}, optional=OPTIONAL)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(st.one_of(RULES, st.sampled_from([None, [], "floor"])), max_size=3))
def test_any_rules_are_a_policy_or_an_error_that_names_them(tmp_path: Path, rules: list[Any]) -> None:
    problems: tuple[str, ...] = ()
    try:
        policy = read(tmp_path, yaml.safe_dump({"rules": rules}))
    except BenchError as error:
        problems = error.problems
    assert all("gate.yaml:" in problem for problem in problems)
    if problems:
        return
    assert all(rule.threshold is not None for rule in policy.rules)
    assert Policy.model_validate(policy_to_plain(policy)) == policy
    assert isinstance(find_useless_rules(policy, METRICS, has_baseline=False, trivial={"rougeL": 0.2}), list)
