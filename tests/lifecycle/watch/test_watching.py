"""`watch` on a promoted model: rows from files, what is remembered, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE

from harness.api import set_stage, watch
from harness.errors import BenchError
from harness.gate import Registry
from harness.lifecycle.watch import WatchResult, WatchStore
from harness.reporting.wording.lifecycle import watch_sentences
from harness.viewer.service_events import list_happenings
from tests.lifecycle.watch.conftest import make_rows, write_rows

TASK = "summarization"
TODAY = date(2026, 6, 1)


def look(registry: Path, data: Path, **options: Any) -> WatchResult:
    return watch(TASK, data, registry=registry, today=TODAY, **options)


def files(registry: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in registry.rglob("*.json") if "watch" in file.parts}


def test_looks_add_up_and_the_same_file_counts_once(registry: Path, tmp_path: Path) -> None:
    first = look(registry, write_rows(tmp_path / "a.jsonl", make_rows(3)))
    assert (first.outcome, first.new_rows, first.units) == ("not_enough_data", 24, 24)
    after = files(registry)
    again = look(registry, tmp_path / "a.jsonl")
    assert (again.new_rows, again.known_rows, again.units) == (0, 24, 24)
    assert files(registry) == after
    both = look(registry, write_rows(tmp_path / "b.jsonl", make_rows(3) + make_rows(4, first=3, seed=2)))
    assert (both.outcome, both.new_rows, both.known_rows, both.units) == ("stable", 32, 24, 56)
    assert (both.first_day, both.last_day) == (date(2026, 3, 1), date(2026, 3, 7))


def test_a_new_word_is_found_and_the_alarm_stays(registry: Path, tmp_path: Path) -> None:
    rows = make_rows(5) + make_rows(5, first=5, seed=2, input=lambda text: f"{text} xelunib")
    result = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert result.outcome == "drifted" and result.words[0].word == "xelunib"
    assert result.since in (date(2026, 3, 5), date(2026, 3, 6))
    calm = look(registry, write_rows(tmp_path / "b.jsonl", make_rows(6, first=10, seed=3)))
    assert calm.outcome == "drifted" and calm.first_alarm == result.first_alarm, "until another model is promoted"
    labels = [watch_sentences.name_signal(each, calm) for each in calm.signals]
    assert len(set(labels)) == len(labels), "also groups of new words that this look has no example of"
    (alarm,) = list_happenings(registry, TASK, Registry(registry).journal.events())
    assert (alarm.kind, alarm.at.date()) == ("drift", result.first_alarm), "the site over all runs shows it"


def test_worse_outputs_are_found_with_labels_only(registry: Path, tmp_path: Path) -> None:
    """Outputs that look as before, and answer another question."""
    model = Registry(registry).load(Registry(registry).journal.events()[0])
    examples, predictions = model.examples, model.predictions(model.cell)
    rows = make_rows(8)
    for number, row in enumerate(rows):
        place = number % len(examples)
        row |= {"target": examples[place].targets[0], "output": predictions[(place + 7) % len(examples)].output}
    worse = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert worse.outcome == "drifted" and worse.moved[0].test.signal == "score" and not worse.moved[0].rises
    assert worse.score == "rougeL"


def test_feedback_that_falls_is_found_without_any_reference(registry: Path, tmp_path: Path) -> None:
    good, bad = (lambda text: "accepted"), (lambda text: "rejected" if len(text) % 3 else "accepted")
    rows = make_rows(6, accepted=good) + make_rows(6, first=6, seed=2, accepted=bad)
    result = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert [each.test.signal for each in result.moved] == ["feedback"]
    feedback = result.moved[0]
    assert not feedback.rises and feedback.reference == 1.0, "the days before"
    assert result.since is not None and result.since >= date(2026, 3, 5)


def test_a_part_of_the_data_that_the_model_was_not_tested_on_is_named(registry: Path, tmp_path: Path) -> None:
    rows = make_rows(4) + make_rows(5, first=4, seed=2, ward=lambda text: "C")
    result = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert any(each.test.signal == "slice" and each.test.column == "ward" and each.test.value == "" for each in result.moved)


def test_a_column_that_new_rows_do_not_have_is_no_change(registry: Path, tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "ward"} for row in make_rows(9)]
    result = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert (result.outcome, result.moved, result.absent_columns) == ("stable", (), ("ward",))
    assert any("do not have these columns of the test examples: ward" in note for note in watch_sentences.list_notes(result))


def test_identifiers_that_should_not_be_there_are_named(registry: Path, tmp_path: Path) -> None:
    rows = make_rows(8, input=lambda text: f"{text} mail: ada.lovelace@clinic.example")
    result = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert any(each.test.signal == "input_identifier" and each.test.label == "EMAIL" for each in result.moved)


def test_rows_without_dates_are_of_today(registry: Path, tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != "date"} for row in make_rows(2)]
    result = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert (result.first_day, result.last_day) == (TODAY, TODAY)


def test_empty_outputs_and_hostile_texts_are_values_as_any(registry: Path, tmp_path: Path) -> None:
    rows = make_rows(6, output=lambda text: "", input=lambda text: HOSTILE.replace("\x00", "") + text)
    result = look(registry, write_rows(tmp_path / "a.jsonl", rows))
    assert result.outcome == "drifted"
    assert {"output_no_answer", "input_length"} <= {each.test.signal for each in result.moved}


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda row: row | {"date": "soon"}, {}, r"a\.jsonl: row 1: column 'date' is 'soon', which is no date\. Write dates as 2026-01-31"),
        (lambda row: row | {"date": None}, {}, r"row 1: column 'date' is .*, which is no date"),
        (lambda row: row | {"date": "2062-01-01"}, {}, r"which lies ahead: today is 2026-06-01"),
        (lambda row: row | {"date": "1970-01-01"}, {}, r"which is before 2000\. Correct the date"),
        (lambda row: row | {"accepted": "perhaps"}, {}, r"row 1: column 'accepted' is 'perhaps', which is no feedback"),
        (lambda row: row | {"accepted": [1]}, {}, r"which is no feedback"),
        (lambda row: row, {"output": "answr"}, r"output=\"answr\": there is no such column"),
        (lambda row: row, {"feedback": "stars"}, r"there is no such column"),
        (lambda row: row, {"date_column": "dat"}, r"there is no such column\. Did you mean"),
        (lambda row: {"text": row["input"]}, {}, r"a\.jsonl: .*'?input'?"),
        (lambda row: row | {"input": None}, {}, r"a\.jsonl"),
    ],
)
def test_bad_rows_are_one_error_and_nothing_is_remembered(
    registry: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any], options: dict[str, Any], message: str
) -> None:
    look(registry, write_rows(tmp_path / "good.jsonl", make_rows(1)))
    before = files(registry)
    data = write_rows(tmp_path / "a.jsonl", [change(row) for row in make_rows(2, first=1)])
    with pytest.raises(BenchError, match=message):
        look(registry, data, **options)
    assert files(registry) == before


def test_days_that_go_back_are_an_error(registry: Path, tmp_path: Path) -> None:
    look(registry, write_rows(tmp_path / "new.jsonl", make_rows(2, first=9)))
    before = files(registry)
    with pytest.raises(BenchError, match=r"old\.jsonl: row 1: is of 2026-03-01, and rows until 2026-03-11 were watched before"):
        look(registry, write_rows(tmp_path / "old.jsonl", make_rows(2, seed=5)))
    assert files(registry) == before


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{", b"[1]", b"\xff\xfe\x00"])
def test_files_without_rows_are_an_error(registry: Path, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(content)
    with pytest.raises(BenchError, match=r"a\.jsonl"):
        look(registry, file)


def test_a_look_that_is_killed_changes_nothing(registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look(registry, write_rows(tmp_path / "a.jsonl", make_rows(2)))
    before, data = files(registry), write_rows(tmp_path / "b.jsonl", make_rows(2, first=2, seed=2))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", die)  # while the file is written
        with pytest.raises(KeyboardInterrupt):
            look(registry, data)
    assert files(registry) == before
    assert look(registry, data).new_rows == 16


def test_a_task_without_a_model_in_service(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"nothing was promoted for 'summarisation'.*summarization"):
        watch("summarisation", write_rows(tmp_path / "a.jsonl", make_rows(1)), registry=registry)


@pytest.mark.parametrize("name", ["fingerprint.json", "monitor.json"])
@pytest.mark.parametrize("damage", ["emptied", "cut", "flipped", "exchanged"])
def test_damaged_files_are_reported_with_what_to_do(registry: Path, tmp_path: Path, name: str, damage: str) -> None:
    data = write_rows(tmp_path / "a.jsonl", make_rows(2))
    look(registry, data)
    (file,) = registry.rglob(name)
    content = file.read_bytes()
    sibling = file.with_name({"fingerprint.json": "monitor.json", "monitor.json": "fingerprint.json"}[name]).read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    file.write_bytes({"emptied": b"", "cut": content[: len(content) // 2], "flipped": bytes(flipped), "exchanged": sibling}[damage])
    with pytest.raises(BenchError, match=rf"{name}: is damaged.* ([Dd]elete)"):
        look(registry, data)


@pytest.mark.parametrize("values", [{"mean": 1e200}, {"variance": 1e300}, {"variance": -1.0}, {"n": 2**60}])
def test_values_that_would_overflow_are_refused(registry: Path, tmp_path: Path, values: dict[str, Any]) -> None:
    """A file can be sealed by its writer and hold anything."""
    (event,) = Registry(registry).journal.events()
    store = WatchStore(registry, TASK, event.digest)
    fingerprint = store.read_fingerprint()
    changed = replace(fingerprint.values["input_length"], **values)
    store.write_fingerprint(replace(fingerprint, values={**fingerprint.values, "input_length": changed}))
    with pytest.raises(BenchError, match=r"fingerprint\.json: is damaged"):
        look(registry, write_rows(tmp_path / "a.jsonl", make_rows(2)))


def test_a_deleted_fingerprint_is_made_again_and_its_old_monitor_is_refused(registry: Path, tmp_path: Path) -> None:
    """A model that was promoted before fingerprints existed has none. Another one has another salt, so rows would count twice."""
    data = write_rows(tmp_path / "a.jsonl", make_rows(2))
    look(registry, data)
    (file,) = registry.rglob("fingerprint.json")
    file.unlink()
    with pytest.raises(BenchError, match=r"monitor\.json: belongs to another fingerprint"):
        look(registry, data)
    shutil.rmtree(file.parent)
    assert look(registry, data).new_rows == 16


def test_promotion_stores_a_fingerprint_without_texts(registry: Path) -> None:
    (file,) = registry.rglob("fingerprint.json")
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_text(encoding="utf-8")
    assert not any(f'"{word}"' in content for word in ("ibuprofen", "patient", "knee"))


def test_a_task_whose_models_are_only_candidates(promoted: Path, tmp_path: Path) -> None:
    """The registry knows the task, and none of its models is in service."""
    set_stage(TASK, f"{promoted.parent / 'run'}:few-shot", "candidate", registry=tmp_path / "new", new_registry=True)
    with pytest.raises(BenchError, match=r"no model is in service for 'summarization'"):
        watch(TASK, write_rows(tmp_path / "a.jsonl", make_rows(1)), registry=tmp_path / "new")
