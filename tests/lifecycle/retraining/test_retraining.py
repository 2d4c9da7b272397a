"""`bench retrain`: nothing due, one step, and what the gate decides."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, summarization

from harness.api import gate, history, list_retrainings, promote, rollback
from tests.lifecycle.retraining.conftest import DAY, TASK, Place, StandIn, make_row


def promoted_runs(place: Place) -> list[str]:
    return [event.run for event in history(TASK, registry=place.registry) if event.action in ("promote", "force")]


def test_nothing_is_due_and_nothing_is_written(place: Place, grid: StandIn) -> None:
    place.add_rows(9)
    before = place.files()
    result = place.call(date(2026, 12, 1))
    assert (result.outcome, result.exit_code, result.data.unused) == ("not_due", 0, 9)
    assert [trigger.fires for trigger in result.triggers] == [False, False, False]
    assert place.files() == before and not grid.requests


def test_a_dry_run_says_what_would_happen_and_what_it_costs_and_writes_nothing(place: Place, grid: StandIn) -> None:
    place.add_rows(40)
    before = place.files()
    result = place.call(dry_run=True)
    assert (result.outcome, result.exit_code, result.number) == ("due", 0, 1)
    assert result.data.sizes["train"] > 48 and sum(result.data.added.values()) == 40
    assert result.forecast is not None and result.forecast.strategies[0].measured_in == "first"
    # the first run trained 60 s on 560 examples, and answered 40
    trained = (60 + 60 / 8) * result.data.sizes["train"] / 560
    answered = (41.5 + 0.8) * result.data.sizes["test"] / 40
    assert result.forecast.hours == pytest.approx((1.25 + trained + answered) / 3600)
    assert place.files() == before and not grid.requests


def test_a_better_model_is_promoted_once(place: Place, grid: StandIn) -> None:
    place.add_rows(12)
    result = place.call()
    assert (result.outcome, result.exit_code, result.candidate) == ("promoted", 0, "fewshot")
    assert promoted_runs(place) == ["first", result.run]
    assert grid.where == {"jobs": None, "executor": "local", "ray_address": "auto", "devices_per_cell": 1}
    request = grid.requests[0]
    assert request.base is False and request.models == ("tiny",)
    assert not list(place.registry.rglob("train.jsonl")), "no example stays behind"
    again = place.call()
    assert (again.outcome, again.waits_days, again.data.unused) == ("not_due", 7, 0)
    assert again.champion.run == result.run and again.champion.promoted == DAY
    assert promoted_runs(place) == ["first", result.run] and len(grid.requests) == 1
    (record,) = list_retrainings(TASK, registry=place.registry)
    assert record == result


def test_a_worse_model_is_held_and_the_next_step_needs_new_rows(place: Place, grid: StandIn) -> None:
    grid.qualities = [0.1, 0.9]
    place.add_rows(12)
    held = place.call()
    assert (held.outcome, held.exit_code) == ("held", 1) and held.verdict is not None and held.verdict.outcome == "FAIL"
    assert promoted_runs(place) == ["first"]
    later = DAY + timedelta(days=40)
    assert (place.call(later).outcome, place.call(later).exit_code) == ("no_new_data", 3)
    place.add_rows(3)
    assert place.call(later).outcome == "promoted", "the age is due again, and there is something new"
    assert [each.outcome for each in list_retrainings(TASK, registry=place.registry)] == ["held", "promoted"]


def test_a_call_says_where_its_cells_run(place: Place, grid: StandIn) -> None:
    place.add_rows(12)
    place.call(executor="ray", ray_address="10.0.0.5:6379", devices_per_cell=4, jobs=2)
    assert grid.where == {"jobs": 2, "executor": "ray", "ray_address": "10.0.0.5:6379", "devices_per_cell": 4}


def test_the_gate_may_not_decide(place: Place, grid: StandIn) -> None:
    grid.qualities = [0.5]
    place.write(gate={"policy": "strict.yaml"})
    (place.folder / "strict.yaml").write_text("rules:\n  - {rule: better, score: rougeL, by: 0.05}\n", encoding="utf-8")
    place.add_rows(12)
    result = place.call()
    assert (result.outcome, result.exit_code) == ("undecided", 3) and promoted_runs(place) == ["first"]


def test_drift_is_a_trigger_once_the_watch_has_found_some(place: Place, grid: StandIn) -> None:
    from harness.api import watch
    from tests.lifecycle.watch.conftest import make_rows, write_rows

    place.write(when={"drift": True})
    place.add_rows(12)
    assert place.call().triggers[0].value is None, "nobody has watched"
    rows = make_rows(8, input=lambda text: f"{text} xelunib")
    watch(TASK, write_rows(place.folder / "seen.jsonl", rows), registry=place.registry, today=date(2026, 11, 28))
    result = place.call()
    assert result.outcome == "promoted" and result.triggers[0].since is not None
    place.add_rows(5)
    assert place.call(DAY + timedelta(days=40)).outcome == "not_due", "the new champion has a watch of its own"


def test_limits_stop_a_step_before_it_begins(place: Place, grid: StandIn) -> None:
    place.add_rows(12)
    place.write(limits={"hours": 0.0001})
    result = place.call()
    assert (result.outcome, result.exit_code) == ("over_limit", 1) and not grid.requests
    place.write(limits={"hours": 5}, run={"strategies": ["lora"]})
    unknown = place.call()
    assert unknown.outcome == "over_limit" and unknown.forecast is not None, "no run has measured anything that is trained"
    assert unknown.forecast.hours is not None or unknown.forecast.unknown == ("lora",)


def test_approvals_are_waited_for(place: Place, grid: StandIn) -> None:
    from harness.api import approve

    (place.folder / "gate.yaml").write_text("approvals: 1\nrules:\n  - {rule: not_worse, score: rougeL, margin: 0.05}\n", encoding="utf-8")
    place.add_rows(12)
    waiting = place.call()
    assert (waiting.outcome, waiting.exit_code) == ("waiting", 4) and promoted_runs(place) == ["first"]
    assert place.call(DAY + timedelta(days=1)).outcome == "waiting" and len(grid.requests) == 1
    approve(place.folder / "runs" / waiting.run, "fewshot", "Anna Roth", key=place.folder / "anna.pem")
    done = place.call(DAY + timedelta(days=2))
    assert (done.outcome, done.resumed) == ("promoted", True)
    assert place.call(DAY + timedelta(days=2)).champion.promoted == DAY + timedelta(days=2)


def test_a_step_is_given_up_when_the_champion_or_the_file_changes(place: Place, grid: StandIn) -> None:
    (place.folder / "gate.yaml").write_text("approvals: 1\nrules:\n  - {rule: not_worse, score: rougeL, margin: 0.05}\n", encoding="utf-8")
    place.add_rows(12)
    assert place.call().outcome == "waiting"
    promote(place.folder / "runs" / "first", "base", registry=place.registry, force=True, reason="by hand", fingerprint=False)
    changed = place.call(DAY + timedelta(days=1))
    assert (changed.superseded, changed.number, changed.outcome) == ("champion_changed", 2, "waiting")
    place.write(run={"strategies": ["fewshot"], "seeds": 2})
    assert place.call(DAY + timedelta(days=2)).superseded == "file_changed"
    task = (place.folder / f"{TASK}.yaml").read_text()
    (place.folder / f"{TASK}.yaml").write_text(task.replace("margin: 0.01", "margin: 0.02"))
    assert place.call(DAY + timedelta(days=2)).superseded == "file_changed", "the task is part of what a candidate is"


def test_a_model_that_is_promoted_by_hand_during_the_training_is_not_replaced_unseen(place: Place, grid: StandIn) -> None:
    """The step compares with the champion before, so it is given up, and the triggers are read again."""
    place.add_rows(12)
    make = grid.make

    def make_and_promote(path: Path, *arguments: Any) -> None:
        make(path, *arguments)
        if len(grid.requests) == 1:
            run = place.folder / "runs" / "first"
            promote(run, "base", registry=place.registry, force=True, reason="by hand", fingerprint=False)

    grid.make = make_and_promote
    place.write(when={"new_rows": 10})
    result = place.call()
    assert (result.superseded, result.number, result.champion.strategy, result.outcome) == ("champion_changed", 2, "base", "promoted")
    assert [event.strategy for event in history(TASK, registry=place.registry)] == ["fewshot", "base", "fewshot"]


def test_a_candidate_that_a_person_promotes_closes_its_step_also_if_it_is_rolled_back(place: Place, grid: StandIn) -> None:
    (place.folder / "gate.yaml").write_text("approvals: 1\nrules:\n  - {rule: not_worse, score: rougeL, margin: 0.05}\n", encoding="utf-8")
    place.add_rows(12)
    waiting = place.call()
    promote(place.folder / "runs" / waiting.run, "fewshot", registry=place.registry, fingerprint=False)
    rollback(TASK, registry=place.registry)
    closed = place.call(DAY + timedelta(days=1))
    assert (closed.superseded, closed.number, closed.outcome) == ("", 1, "promoted")
    assert place.call(DAY + timedelta(days=40)).outcome == "no_new_data"


def test_corrections_are_trained_on_and_leave_the_test_set(place: Place, grid: StandIn) -> None:
    tested = json.loads((place.folder / "own.jsonl").read_text().splitlines()[0])
    correction = {"inputs": {"input": tested["input"]}, "completion": "a better summary"}
    (place.folder / "harvested.jsonl").write_text(json.dumps(correction) + "\n", encoding="utf-8")
    place.write(data={"harvested": "harvested.jsonl"}, when={"new_rows": 1})
    result = place.call(dry_run=True)
    assert (result.outcome, result.data.corrections, result.data.unused) == ("due", 1, 1)
    assert place.call().outcome == "promoted" and place.call(DAY + timedelta(days=9)).data.unused == 0


def test_what_users_have_edited_is_trained_on(place: Place, grid: StandIn) -> None:
    from harness.api import add_feedback

    row = json.loads((place.folder / "own.jsonl").read_text(encoding="utf-8").splitlines()[3])
    edited = {"id": "e1", "verdict": "edited", "corrected": "as it should be", "input": row["input"], "date": "2026-12-30"}
    add_feedback(TASK, [edited], registry=place.registry, today=date(2026, 12, 31))
    place.write(data={"feedback": True}, when={"new_rows": 1})
    result = place.call()
    assert (result.outcome, result.data.corrections) == ("promoted", 1)
    task = grid.requests[0].tasks[0]
    assert not isinstance(task, str) and task.data.locked_test
    assert place.call(DAY + timedelta(days=9)).data.unused == 0


def test_complaints_are_a_trigger_once_their_rate_is_shown_to_be_too_high(place: Place, grid: StandIn) -> None:
    from harness.api import add_feedback

    def complain(first: int, count: int, every: int) -> None:
        rows = [
            {"id": f"a{number}", "verdict": "complaint" if number % every == 0 else "accepted", "user": f"u{number}", "date": "2026-12-30"}
            for number in range(first, first + count)
        ]
        add_feedback(TASK, rows, registry=place.registry, today=date(2026, 12, 31))

    place.write(when={"complaints": {"share": 0.05, "least": 40}})
    place.add_rows(12)
    complain(0, 20, 2)
    few = place.call()
    assert few.outcome == "not_due" and few.triggers[0].value is None, "20 answers are too few"
    complain(100, 400, 100)
    enough = place.call()
    assert enough.outcome == "not_due" and enough.triggers[0].value is not None
    complain(1000, 200, 2)
    fired = place.call(dry_run=True)
    assert fired.outcome == "due" and fired.triggers[0].fires
    assert place.call().outcome == "promoted"
    after = place.call(DAY + timedelta(days=30))
    assert after.outcome == "not_due" and after.triggers[0].value is None, "complaints about the model before do not count"


def test_the_life_of_the_task_shows_retrainings_that_were_held(place: Place, grid: StandIn) -> None:
    from harness.viewer.service_events import list_happenings

    grid.qualities = [0.1]
    place.add_rows(12)
    place.call()
    (held,) = list_happenings(place.registry, TASK, history(TASK, registry=place.registry))
    assert (held.kind, held.at.date(), held.text) == ("held", DAY, "fewshot")


def test_rows_without_labels_and_repeated_rows_are_counted(place: Place, grid: StandIn) -> None:
    place.add_rows(4)
    rows = [make_row("a.jsonl-0"), {"id": "u", "input": "no label yet"}, {"id": "v", "input": "null", "target": None}]
    (place.folder / "new" / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (place.folder / "new" / "c.jsonl").touch()
    data = place.call(date(2026, 12, 1)).data
    assert (data.labelled, data.unlabelled, data.repeated) == (4, 2, 1)
    assert [os.path.basename(name) for name in data.empty] == ["c.jsonl"]


def test_no_labels_ever(place: Place, grid: StandIn) -> None:
    early = place.call(date(2026, 12, 1))
    assert (early.outcome, early.data.empty) == ("not_due", (str(place.folder / "new" / "*.jsonl"),))
    late = place.call()
    assert (late.outcome, late.exit_code) == ("no_new_data", 3) and not grid.requests


def test_a_run_without_any_result_ends_the_step(place: Place, grid: StandIn) -> None:

    grid.make = lambda path, tasks: make_run(path, [summarization([Made("fewshot", 0.5, 1, "failed", "out of memory")], rows=40)])
    place.add_rows(12)
    result = place.call()
    assert (result.outcome, result.exit_code) == ("not_trained", 1)
    assert place.call(DAY + timedelta(days=8)).data.unused == 12, "no model has learned from these rows"


def test_without_a_state_the_records_stay_and_numbers_go_on(place: Place, grid: StandIn) -> None:
    place.add_rows(12)
    first = place.call()
    (place.registry / "retrain" / TASK / "state.json").unlink()
    place.add_rows(2)
    second = place.call(DAY + timedelta(days=1))
    assert (first.number, second.number) == (1, 2) and len(list_retrainings(TASK, registry=place.registry)) == 2


def test_judging_again_after_an_interruption_spends_nothing(place: Place, grid: StandIn) -> None:
    """The verdict of an interrupted step is the same question, so that it is no second look at the test set."""
    grid.qualities = [0.1]
    place.add_rows(12)
    held = place.call()
    assert held.verdict is not None
    again = gate(place.folder / "runs" / held.run, "fewshot", policy=place.folder / "gate.yaml", registry=place.registry)
    assert again.look == held.verdict.look
