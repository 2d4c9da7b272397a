"""The sentences of `bench retrain`: each outcome, with its formats."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args
from xml.etree import ElementTree as ET

import pytest
from report_factory import HOSTILE

from harness.lifecycle.retraining import (
    EXIT_CODES,
    ChampionName,
    CostForecast,
    DataCounts,
    LifecycleSpec,
    StepOutcome,
    StepResult,
    StrategyForecast,
    Trigger,
)
from harness.reporting import retraining_to_json, retraining_to_junit, retraining_to_markdown
from harness.reporting.wording import retrain_sentences

LIMITS = LifecycleSpec.model_validate(
    {"task": "a", "when": {"drift": True}, "data": {"new": "a"}, "run": {"strategies": "lora"}, "limits": {"hours": 4, "price": 20}}
).limits
DATA = DataCounts(
    512, 3, 515, 20, 2, 1, {"train": 978, "validation": 116, "test": 121}, {"train": 414, "validation": 46, "test": 51}, {"near_test": 1}
)

TRIGGERS = (Trigger("drift", None, 1), Trigger("age", 30, 30), Trigger("new_rows", 515, 500), Trigger("complaints", 0.0712, 0.05))


def result(outcome: StepOutcome, **more: Any) -> StepResult:
    values: dict[str, Any] = {
        "task": "visits", "outcome": outcome, "today": date(2027, 1, 31), "champion": ChampionName("lora", "run-1", date(2027, 1, 1)),
        "data": DATA, "limits": LIMITS, "triggers": TRIGGERS,
        "number": 3, "forecast": CostForecast((StrategyForecast("lora", 2490.0, 0.0622, "run-1", "lora"),)), "run": "run-2",
        "candidate": "lora", "hours": 0.7, "price": 0.06, "currency": "USD",
    }  # fmt: skip
    return StepResult(**(values | more))


def test_each_outcome_has_a_sentence_an_exit_code_and_a_next_step(snapshot: Any) -> None:
    outcomes = get_args(StepOutcome)
    assert set(EXIT_CODES) == set(outcomes) == set(retrain_sentences.OUTCOMES)
    assert {each: [retrain_sentences.describe_outcome(result(each)), *retrain_sentences.list_notes(result(each))] for each in outcomes} == (
        snapshot
    )


def test_a_model_that_an_earlier_call_or_a_person_promoted_need_not_be_in_service_any_more() -> None:
    assert (
        retrain_sentences.describe_outcome(result("promoted")) == "Retraining 3 of visits: lora passed the gate and was put into service."
    )


def test_facts_and_triggers(snapshot: Any) -> None:
    assert retrain_sentences.list_facts(result("promoted")) == snapshot
    assert retrain_sentences.build_trigger_table(result("due")).rows == snapshot


def test_what_is_not_known_is_not_made_up() -> None:
    unknown = result(
        "over_limit", forecast=CostForecast((StrategyForecast("lora", 9.0, None, "run-1"), StrategyForecast("dora", None, None)))
    )
    (forecast,) = [each for each in retrain_sentences.list_facts(unknown) if each.startswith("Forecast")]
    assert forecast.startswith("Forecast: none, because no run of the task has measured dora")
    unpriced = result("due", forecast=CostForecast((StrategyForecast("lora", 9.0, None, "run-1", "lora"),)), hours=None)
    assert any("price unknown" in each for each in retrain_sentences.list_facts(unpriced))


@pytest.mark.parametrize("outcome", get_args(StepOutcome))
def test_formats_agree_and_hostile_names_do_nothing(outcome: StepOutcome) -> None:
    data = DataCounts(unknown_labels=(HOSTILE,), empty=(HOSTILE,))
    hostile = result(
        outcome, task=HOSTILE, candidate=HOSTILE, run=HOSTILE, champion=ChampionName(HOSTILE, HOSTILE, date(2027, 1, 1)), data=data
    )
    assert retraining_to_json(hostile)["exit_code"] == hostile.exit_code
    markdown = retraining_to_markdown(hostile)
    assert not re.search(r"(?<!\\)<", markdown) and "\x1b" not in markdown and "\u202e" not in markdown
    root = ET.fromstring(retraining_to_junit(hostile))
    failed, errors, skipped = (int(root.get(name, "")) for name in ("failures", "errors", "skipped"))
    assert (failed > 0) == (hostile.exit_code == 1) and (errors > 0) == (hostile.exit_code in (3, 4))
    assert (skipped > 0) == (outcome in ("not_due", "due"))
