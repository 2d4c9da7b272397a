"""After any calls in any order, and a kill at any write: one champion, which passed or was forced, and every step ends."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from registry_sequences import Killed, Killer, read_state

from harness.api import gates, history, list_models, list_retrainings, promote, rollback, set_stage
from harness.errors import BenchError
from harness.gate.registry import journal, registry
from harness.lifecycle.retraining import StepStore, data_files, step_store
from tests.lifecycle.retraining.conftest import DAY, TASK, Place, StandIn

QUALITIES = (0.1, 0.45, 0.55, 0.7, 0.9)


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch, grid: StandIn) -> Killer:
    """Counts the writes of a step, of its run, of a verdict and of the registry."""
    killer = Killer()
    writes: tuple[tuple[Any, str], ...] = (
        (step_store, "write_sealed"),
        (data_files, "write_text"),
        (gates, "save_verdict"),
        (journal, "write_json"),
        (journal, "_append_sealed"),
        (registry, "_copy_cell"),
        (registry.Registry, "_copy"),
    )
    for owner, name in writes:
        monkeypatch.setattr(owner, name, killer.wrap(getattr(owner, name)))
    grid.make = killer.wrap(grid.make)
    return killer


def choose_call(draw: random.Random, place: Place, today: date) -> Callable[[], object]:
    runs = [folder for folder in (place.folder / "runs").iterdir() if (folder / "run.json").is_file()]
    run = draw.choice(sorted(runs))
    model = draw.choice([each.event.digest[:10] for each in list_models(TASK, registry=place.registry)])
    step = lambda: place.call(today)  # noqa: E731
    return draw.choice((
        *[step] * 6,
        lambda: place.call(today, dry_run=True),
        lambda: promote(run, "fewshot", registry=place.registry, force=True, reason="a test", fingerprint=False),
        lambda: rollback(TASK, registry=place.registry),
        lambda: set_stage(TASK, model, draw.choice(("candidate", "retired")), registry=place.registry),
    ))  # fmt: skip


def check_steps(place: Place) -> None:
    """What must hold about steps at every moment: no run is promoted twice by a verdict, and records agree with the history."""
    events = history(TASK, registry=place.registry)
    promoted = [event.run for event in events if event.action == "promote" and not event.reason]  # those by hand have one
    assert len(promoted) == len(set(promoted))
    records = list_retrainings(TASK, registry=place.registry)
    assert len({record.number for record in records}) == len(records)
    for record in records:
        assert (record.outcome == "promoted") == (record.promoted is not None)
        if record.promoted is not None:
            (event,) = [each for each in events if each.number == record.promoted.number]
            assert (event.run, event.action, event.outcome) == (record.run, "promote", "PASS")
    assert set(promoted) <= {record.run for record in records} | open_run(place)


def open_run(place: Place) -> set[str]:
    step = StepStore(place.registry, TASK).read_state().step
    return set() if step is None else {step.run}


def check_sequence(seed: int, place: Place, grid: StandIn, killer: Killer, *, calls: int) -> set[str]:
    """Run a random sequence of calls, some of which are killed; what it ended in."""
    draw, today, ends = random.Random(seed), DAY, set()
    killer.left = 0
    for _ in range(calls):
        if draw.random() < 0.7:
            place.add_rows(draw.randint(1, 12), f"{seed}.jsonl")
        today += timedelta(days=draw.randint(0, 12))
        grid.qualities = [draw.choice(QUALITIES)]
        call, before, events = (
            choose_call(draw, place, today),
            read_state(place.registry, TASK),
            len(history(TASK, registry=place.registry)),
        )
        killer.left, killer.after = (draw.randint(1, 14), draw.random() < 0.5) if draw.random() < 0.6 else (0, False)
        try:
            result = call()
            ended = getattr(result, "outcome", "done")
        except Killed:
            ended = "killed"
        except BenchError:
            ended = "refused"
        killer.left = 0
        state, added = read_state(place.registry, TASK), len(history(TASK, registry=place.registry)) - events
        assert added <= (ended != "refused") and (added or state == before), (seed, ended)
        check_steps(place)
        ends.add(ended)
    finish(place, today)
    return ends


def finish(place: Place, today: date) -> None:
    """Without a kill, the next call ends what is unfinished, and leaves no example behind."""
    was_open = open_run(place)
    result = place.call(today)
    assert result.outcome != "due" and not open_run(place), was_open
    assert not list(place.registry.rglob("train.jsonl"))


def test_one_champion_at_every_moment_of_retraining(place: Place, grid: StandIn, killer: Killer) -> None:
    ends = check_sequence(4, place, grid, killer, calls=9)
    assert ends >= {"killed", "promoted"}, ends


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 130))
def test_one_champion_at_every_moment_of_long_retraining(place: Place, grid: StandIn, killer: Killer, seed: int) -> None:
    check_sequence(seed, place, grid, killer, calls=40)


def kill_at_writes(place: Place, killer: Killer, fresh: Path, *, start: int, every: int) -> int:
    """Kill a step at some of its writes, before and after them in turn: the next call promotes the same model once."""
    number = start
    while True:
        killer.left, killer.after = number, number % 2 == start % 2
        try:
            place.call()
        except Killed:
            killer.left = 0
            read_state(place.registry, TASK)
            result = place.call()
            assert result.outcome in ("promoted", "not_due"), (number, result.outcome)
            check_steps(place)
            assert [event.action for event in history(TASK, registry=place.registry)] == ["force", "promote"]
            shutil.rmtree(place.folder)
            shutil.copytree(fresh, place.folder)
            number += every
            continue
        return number


def test_a_step_that_is_killed_at_a_write_is_resumed(place: Place, grid: StandIn, killer: Killer, tmp_path: Path) -> None:
    place.add_rows(12)
    fresh = shutil.copytree(place.folder, tmp_path / "fresh")
    assert kill_at_writes(place, killer, fresh, start=1, every=5) > 10


@pytest.mark.soak
@pytest.mark.parametrize("start", [1, 2])
def test_a_step_that_is_killed_at_each_write_is_resumed(place: Place, grid: StandIn, killer: Killer, tmp_path: Path, start: int) -> None:
    place.add_rows(12)
    fresh = shutil.copytree(place.folder, tmp_path / "fresh")
    for first in (start, start + 1):
        kill_at_writes(place, killer, fresh, start=first, every=2)


def test_a_rollback_after_a_kill_is_not_undone(place: Place, grid: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends between the promotion and the note of it; then a person rolls back. The next call closes the step, and no more."""
    place.add_rows(12)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(StepStore, "write_record", die)
        with pytest.raises(Killed):
            place.call()
    rollback(TASK, registry=place.registry)
    result = place.call(DAY + timedelta(days=1))
    assert (result.outcome, result.resumed, result.superseded) == ("promoted", True, "")
    assert place.call(DAY + timedelta(days=40)).outcome == "no_new_data"
    assert [event.action for event in history(TASK, registry=place.registry)] == ["force", "promote", "rollback"]
