"""Guardrails of a task: read from YAML or Python, checked with place and advice, written back as they were declared."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.catalog import Catalog
from harness.errors import BenchError
from harness.grid import make_request, read_tasks
from harness.types import GuardrailSpec, Rule, Task

TASK = "name: mine\nkind: summarization\ndata: {source: clinic}\nguardrails:\n"
Problems = Callable[..., tuple[str, ...]]
Write = Callable[[str, str], Path]

CEILING = Rule(rule="ceiling", score="critical_error_rate", value=0.05)
FLOOR = Rule(rule="floor", score="rouge1", value=0.2)
NOT_WORSE = Rule(rule="not_worse", score="unsupported_rate", margin=0.02, against="base")


def make_task(guardrails: object) -> Task:
    fields = {"name": "mine", "kind": "summarization", "data": {"source": "clinic"}, "prompt": "{{ input }}", "metrics": ["rouge"]}
    return Task.model_validate(fields | {"primary": "rougeL", "guardrails": guardrails})


def test_guardrails_are_read_as_rules(catalog: Catalog, write: Write) -> None:
    write(
        "mine.yaml",
        TASK + "  critical_error_rate: {at_most: 0.05}\n  rouge1: {at_least: 0.2}\n  unsupported_rate: {not_worse_than: base, by: 0.02}\n"
        "  length_ratio: {at_least: 0.5, at_most: 2}\n",
    )
    rules = catalog.task("mine.yaml").value.guardrails
    assert rules[:3] == (CEILING, FLOOR, NOT_WORSE)
    assert [(rule.rule, rule.value) for rule in rules[3:]] == [("floor", 0.5), ("ceiling", 2)]


@pytest.mark.parametrize(
    ("limits", "field", "hint"),
    [
        (
            "critical_error_rate: 0.05",
            "critical_error_rate",
            "must say what the limit is, as in critical_error_rate: {at_most: 0",
        ),
        ("critical_error_rate:", "critical_error_rate", "must say what the limit is"),
        ("critical_error_rate: {}", "critical_error_rate", "needs 'at_most', 'at_least' or 'not_worse_than'"),
        ("critical_error_rate: {at_mots: 0.05}", "critical_error_rate", "unknown field 'at_mots'. Did you mean 'at_most'?"),
        ("critical_error_rate: {at_most: true}", "critical_error_rate.at_most", "must be a number, not true"),
        ("critical_error_rate: {at_most: low}", "critical_error_rate.at_most", "not 'low'"),
        ("critical_error_rate: {at_most: .nan}", "critical_error_rate.at_most", "not nan"),
        ("critical_error_rate: {at_most: 1}", "critical_error_rate.at_most", "is never above 1, so every model keeps this limit"),
        ("critical_error_rate: {at_most: 5}", "critical_error_rate.at_most", "For 5%, write 0.05"),
        ("critical_error_rate: {at_most: 0}", "critical_error_rate.at_most", "no test set can show that critical_error_rate is exactly 0"),
        ("critical_error_rate: {at_least: 0.1}", "critical_error_rate.at_least", "use 'at_most'"),
        ("rougeL: {at_most: 0.5}", "rougeL.at_most", "a higher rougeL is better, so this limit would reject good models; use 'at_least'"),
        ("rougeL: {at_least: 0}", "rougeL.at_least", "rougeL is never below 0, so every model keeps this limit"),
        ("rougeL: {at_least: 60}", "rougeL.at_least", "rougeL is never above 1. For 60%, write 0.6"),
        ("rougeL: {at_least: 1}", "rougeL.at_least", "no test set can show that rougeL is exactly 1"),
        ("unsupported_rate: {not_worse_than: base}", "unsupported_rate", "'not_worse_than' needs 'by'"),
        ("unsupported_rate: {by: 0.02, at_most: 0.1}", "unsupported_rate", "'by' needs 'not_worse_than'"),
        ("unsupported_rate: {not_worse_than: base, by: 0}", "unsupported_rate.by", "greater than 0"),
        ("unsupported_rate: {not_worse_than: base, by: 1}", "unsupported_rate.by", "ranges from 0 to 1, so every model keeps this limit"),
        (
            "output_words: {not_worse_than: base, by: 9}",
            "output_words.not_worse_than",
            "neither a higher nor a lower output_words",
        ),
        ("length_ratio: {at_least: 2, at_most: 1}", "length_ratio", "'at_least' (2) must be below 'at_most' (1)"),
        (
            "unsuported_rate: {at_most: 0.1}",
            "unsuported_rate",
            "is not a score of the task's metrics. Did you mean 'unsupported_rate' or 'unsupported_count'?",
        ),
        ("chrf: {at_least: 30}", "chrf", "It belongs to the metric 'chrf': add that to 'metrics'"),
        ("accuracy: {at_least: 0.9}", "accuracy", "It belongs to the metric 'classification': add that to 'metrics'"),
        ("rougeL: {at_least: 0.1, slice: ward}", "rougeL.slice", "should match pattern"),
        ("review.critical_error_rate: {at_most: 0.1, slice: ward=north}", "review.critical_error_rate.slice", "has no value for a part"),
        ("review.critical_error_rate: {not_worse_than: base, by: 0.1}", "review.critical_error_rate.not_worse_than", "use 'at_most'"),
        ("rougeL: [{at_least: 0.1}, {at_least: 0, slice: ward=north}]", "rougeL[1].at_least", "rougeL is never below 0"),
        ("rougeL: []", "rougeL", "at least 1 item"),
        ("review.critical_error_rate: {at_most: 1}", "review.critical_error_rate.at_most", "is never above 1"),
    ],
)
def test_one_mistake_is_one_message_with_its_place(problems: Problems, limits: str, field: str, hint: str) -> None:
    (message,) = problems(TASK + f"  omission_rate: {{at_most: 0.5}}\n  {limits}\n")
    assert message.startswith(f"mine.yaml:6: guardrails.{field}: ")
    assert hint in message


@pytest.mark.parametrize("value", ["0.05", "[{rule: floor, score: rougeL, value: 0.1}]", "none"])
def test_guardrails_must_be_a_mapping(problems: Problems, value: str) -> None:
    (message,) = problems(TASK.removesuffix("\n") + f" {value}\n")
    assert message.startswith("mine.yaml:4: guardrails: must be a mapping of scores to limits")


def test_guardrails_of_raters_and_of_facts_are_accepted(catalog: Catalog, write: Write) -> None:
    write("mine.yaml", TASK + "  review.critical_error_rate: {at_most: 0.05}\n  critical_errors: {at_most: 0.1}\n")
    assert len(catalog.task("mine.yaml").value.guardrails) == 2


def test_limits_for_parts_of_the_examples(catalog: Catalog, write: Write) -> None:
    declared = "[{at_least: 0.8}, {at_least: 0.95, not_worse_than: base, by: 0.01, slice: class=urgent}]"
    write("mine.yaml", f"name: mine\nkind: classification\ndata: {{source: clinic}}\nguardrails:\n  accuracy: {declared}\n")
    task = catalog.task("mine.yaml").value
    assert [(rule.rule, rule.threshold, rule.slice) for rule in task.guardrails] == [
        ("floor", 0.8, None),
        ("floor", 0.95, "class=urgent"),
        ("not_worse", 0.01, "class=urgent"),
    ]
    assert Task.model_validate_json(task.model_dump_json()) == task
    ((loaded, _),) = read_tasks(make_request({"tasks": ("mine.yaml",), "strategies": ()}), catalog)
    assert loaded.guardrails == task.guardrails


def test_corpus_scores_of_labels_take_no_slice(problems: Problems) -> None:
    limits = "macro_f1: {at_least: 0.5, slice: class=urgent}"
    (message,) = problems(f"name: mine\nkind: classification\ndata: {{source: clinic}}\nguardrails: {{{limits}}}\n")
    assert "guardrails.macro_f1.slice: macro_f1 has no value for a part of the examples; use" in message


def test_guardrail_on_a_class_needs_examples_of_it(catalog: Catalog, write: Write, tmp_path: Path) -> None:
    limits = "accuracy: {at_least: 0.9, slice: class=urgnt}"
    write("mine.yaml", f"name: mine\nkind: classification\ndata: {{source: clinic}}\nguardrails: {{{limits}}}\n")
    with pytest.raises(BenchError, match=r"guardrails: accuracy: slice: no test example has class=urgnt\. Did you mean 'urgent'"):
        read_tasks(make_request({"tasks": ("mine.yaml",), "strategies": ()}), catalog, tmp_path)


def test_guardrails_are_not_inherited_from_the_shipped_task(catalog: Catalog, write: Write) -> None:
    write("mine.yaml", "name: mine\nkind: summarization\ndata: {source: clinic}\n")
    assert catalog.task("summarization").value.guardrails
    assert catalog.task("mine.yaml").value.guardrails == ()


def test_stored_task_is_read_back() -> None:
    task = make_task([CEILING, FLOOR, NOT_WORSE])
    stored = json.loads(task.model_dump_json())
    assert stored["guardrails"] == {
        "critical_error_rate": {"at_most": 0.05},
        "rouge1": {"at_least": 0.2},
        "unsupported_rate": {"not_worse_than": "base", "by": 0.02},
    }
    assert Task.model_validate(stored) == task
    assert make_task(stored["guardrails"]).guardrails == task.guardrails


def test_python_defaults_to_base_and_refuses_what_yaml_cannot_say() -> None:
    assert make_task([Rule(rule="not_worse", score="unsupported_rate", margin=0.02)]).guardrails == (NOT_WORSE,)
    for rules, hint in (
        ([Rule(rule="better", score="rougeL", by=0.1)], "is not a guardrail"),
        ([Rule(rule="not_worse", score="rougeL")], "'not_worse_than' needs 'by'"),
        ([CEILING.model_copy(update={"slice": "ward=a", "rows": 50})], "a guardrail takes no 'rows'"),
        ([CEILING, CEILING.model_copy(update={"value": 0.1})], "two limits of the same kind on critical_error_rate"),
        ([{"rule": "floor", "score": "rougeL", "value": 0.1}], "must be a mapping of scores to limits"),
    ):
        with pytest.raises(ValidationError, match=hint):
            make_task(rules)


def test_task_built_in_python_is_checked_like_a_file(catalog: Catalog) -> None:
    with pytest.raises(BenchError) as caught:
        catalog.accept(make_task([Rule(rule="ceiling", score="unsupported_rate", value=0.1)]))
    assert caught.value.problems == (
        "task 'mine': guardrails.unsupported_rate: is not a score of the task's metrics. "
        "It belongs to the metric 'faithfulness': add that to 'metrics'",
    )


def test_shipped_guardrails_apply_to_the_shipped_data_only(catalog: Catalog, tmp_path: Path) -> None:
    lines = ["dialogue,note", *(f"text {i},note {i}" for i in range(40))]
    (tmp_path / "visits.csv").write_text("\n".join(lines))
    data = {"data": "visits.csv", "fields": {"input": "dialogue", "target": "note"}}
    for more, count in (({}, 1), (data, 0)):
        ((task, _),) = read_tasks(make_request({"tasks": ("summarization",), "strategies": ()} | more), catalog, tmp_path)
        assert len(task.guardrails) == count


def test_guardrail_on_facts_needs_data_with_facts(catalog: Catalog, write: Write, tmp_path: Path) -> None:
    lines = ["input,target", *(f"text {i},note {i}" for i in range(40))]
    (tmp_path / "visits.csv").write_text("\n".join(lines))
    write("mine.yaml", TASK.replace("source: clinic", "path: visits.csv") + "  critical_error_rate: {at_most: 0.05}\n")
    request = {"tasks": ("mine.yaml",), "strategies": ()}
    with pytest.raises(BenchError, match="task 'mine': guardrails: 'critical_error_rate' needs examples whose facts are known"):
        read_tasks(make_request(request), catalog, tmp_path)
    ((_, splits),) = read_tasks(make_request(request | {"limit": 20}), catalog, tmp_path)
    assert "so nothing is known about this guardrail" in splits.report.warnings[-1], "a sample may lack them by chance"


def test_damaged_guardrails_never_crash(catalog: Catalog, write: Write) -> None:
    """Random changes of a valid file: it is valid, or refused with the line of a problem."""
    limits = "  critical_error_rate: {at_most: 0.05}\n  rouge1: {at_least: 0.2}\n  unsupported_rate: {not_worse_than: base, by: 0.02}\n"
    valid, rng = TASK + limits, random.Random(5)
    pieces = ["", "0", "-", ":", "{", "}", "[", "]", "~", ",", "\n", " ", "é", "null"]
    problems: list[str] = []
    accepted = 0
    for _ in range(80):
        text = list(valid)
        for _ in range(rng.randint(1, 3)):
            position = rng.randrange(valid.index("guardrails"), len(text))
            text[position : position + rng.randint(0, 3)] = rng.choice(pieces)
        try:
            catalog.check(write("mine.yaml", "".join(text)))
            accepted += 1
        except BenchError as error:
            problems += error.problems
    assert 0 < accepted < 80
    assert all(problem.startswith("mine.yaml:") for problem in problems)


def test_every_field_is_documented() -> None:
    text = (Path(__file__).parents[2] / "tasks" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}" in text or f"{name}:" in text for name in GuardrailSpec.model_fields)
