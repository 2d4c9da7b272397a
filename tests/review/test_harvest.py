"""Corrections and preferences as training examples, and test examples that leave the test set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from raters import Export, page_file, rating
from report_factory import Made, make_run, summarization

from harness.api import review_export, review_harvest, review_import
from harness.catalog import render_prompt
from harness.data import load_splits
from harness.errors import BenchError
from harness.reporting.views import build_report_view
from harness.store import StoredRun
from harness.types import DataSpec, Task


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def rated(export: Export, run: StoredRun, tmp_path: Path) -> StoredRun:
    """Two raters: they agree on the first example, not on the second, call the third a tie, and one corrects the first."""
    exported = export(raters=2, repeats=0)
    rows = list(exported.key.inclusion_probabilities)
    ratings = []
    for j in exported.packet.items:
        sides = exported.key.items[j.id].strategies
        lora, base = "AB"[sides.index("lora")], "AB"[sides.index("base")]
        answer = {rows[0]: lora, rows[1]: lora if j.rater == "rater-1" else base, rows[2]: "tie"}.get(j.example)
        if answer:
            corrected = "As it should be: ‘fine’\n" if j.example == rows[0] and j.rater == "rater-2" else None
            ratings.append(rating(j.id, {"preference": answer}, corrected=corrected))
    review_import(run.path, [page_file(tmp_path, exported.packet, r, ratings) for r in exported.packet.raters])
    return run


def test_harvest_needs_consent_to_retire_test_examples(rated: StoredRun, tmp_path: Path) -> None:
    with pytest.raises(
        BenchError, match=r"1 correction and 1 preference can be harvested, all from the test set.*retire_test_examples=True"
    ):
        review_harvest(rated.path, tmp_path / "more.jsonl")
    assert not (tmp_path / "more.jsonl").exists() and not (rated.path / "review" / "retired.json").exists()


def test_a_locked_test_set_is_not_harvested(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "done", [summarization([Made("base"), Made("lora", 0.9)], rows=40, locked_test="0" * 64)])
    review_export(run.path, ["base", "lora"], n=5)
    with pytest.raises(BenchError, match=r"test set of 'summarization' is locked"):
        review_harvest(run.path, tmp_path / "more.jsonl", retire_test_examples=True)
    assert not (tmp_path / "more.jsonl").exists()


def test_corrections_and_preferences_become_training_examples_with_provenance(rated: StoredRun, tmp_path: Path) -> None:
    harvest, files = review_harvest(rated.path, tmp_path / "more.jsonl", retire_test_examples=True)
    assert [f.name for f in files] == ["more.jsonl", "more.preferences.jsonl"]
    (correction,), (preference,) = read_lines(files[0]), read_lines(files[1])
    (row,) = harvest.retired
    example = next(e for e in rated.examples("summarization") if e.id == row)
    prompt = render_prompt(rated.plan.tasks["summarization"].prompt, example.inputs)
    assert (correction["prompt"], correction["completion"]) == (prompt, "As it should be: ‘fine’\n")
    assert correction["provenance"]["raters"] == ["rater-2"] and correction["provenance"]["split"] == "test"
    outputs = {c.strategy: {p.example_id: p.output for p in rated.predictions(c.id)} for c in rated.cells}
    assert (preference["chosen"], preference["rejected"]) == (outputs["lora"][row], outputs["base"][row])
    assert preference["provenance"]["votes"] == [2, 2]
    assert (preference["inputs"], preference.get("group")) == (example.inputs, example.group)


def test_retired_examples_are_recorded_once_and_reported(rated: StoredRun, tmp_path: Path) -> None:
    for name in ("more.jsonl", "again.jsonl"):
        review_harvest(rated.path, tmp_path / name, retire_test_examples=True)
    assert len(json.loads((rated.path / "review" / "retired.json").read_text())["examples"]) == 1
    assert build_report_view(rated).tasks[0].retired == 1


def test_corrections_with_surrogates_never_become_training_examples(rated: StoredRun, export: Export, tmp_path: Path) -> None:
    exported = export(raters=1, repeats=0, seed=5, anonymize=True)
    item = exported.packet.items[0]
    corrected = [rating(item.id, {"preference": "tie"}, corrected="Seen by Dr. Surrogate.")]
    review_import(rated.path, [page_file(tmp_path, exported.packet, item.rater, corrected)])
    harvest, files = review_harvest(rated.path, tmp_path / "more.jsonl", retire_test_examples=True)
    assert harvest.withheld == 1 and len(harvest.corrections) == 1
    assert "Surrogate" not in "".join(file.read_text(encoding="utf-8") for file in files)


def test_a_packet_with_surrogates_alone_has_nothing_to_harvest(run: StoredRun, export: Export, tmp_path: Path) -> None:
    export(raters=1, repeats=0, anonymize=True)
    exported = export(raters=1, repeats=0)  # the same packet again: raters may have received either
    item = exported.packet.items[0]
    corrected = [rating(item.id, {"preference": "tie"}, corrected="Seen by Dr. Surrogate.")]
    review_import(run.path, [page_file(tmp_path, exported.packet, item.rater, corrected)])
    with pytest.raises(BenchError, match=r"1 correction of task .* cannot be harvested: .*anonymize.*invented names"):
        review_harvest(run.path, tmp_path / "more.jsonl", retire_test_examples=True)
    assert not (tmp_path / "more.jsonl").exists()


def test_existing_file_is_not_replaced(rated: StoredRun, tmp_path: Path) -> None:
    (tmp_path / "more.jsonl").write_text("precious")
    with pytest.raises(BenchError, match="already exists"):
        review_harvest(rated.path, tmp_path / "more.jsonl", retire_test_examples=True)
    assert (tmp_path / "more.jsonl").read_text() == "precious"
    with pytest.raises(BenchError, match=r"must end in \.jsonl"):
        review_harvest(rated.path, tmp_path / "more.csv", retire_test_examples=True)


def test_old_preferences_file_is_deleted_by_a_harvest_without_preferences(
    rated: StoredRun, export: Export, run: StoredRun, tmp_path: Path
) -> None:
    files = review_harvest(rated.path, tmp_path / "more.jsonl", retire_test_examples=True)[1]
    assert files[1].is_file()
    exported = export(raters=2, repeats=0, seed=5, n=60)
    (row,) = (line["provenance"]["example"] for line in read_lines(files[1]))
    sides = {j.id: exported.key.items[j.id].strategies for j in exported.packet.items if j.example == row}
    again = [rating(item, {"preference": "AB"[own.index("base")]}) for item, own in sides.items()]  # two for lora before, two for base now
    review_import(run.path, [page_file(tmp_path, exported.packet, r, again) for r in exported.packet.raters])
    with pytest.raises(BenchError, match="already exists"):
        review_harvest(rated.path, tmp_path / "more.jsonl", retire_test_examples=True)
    _, left = review_harvest(rated.path, tmp_path / "more.jsonl", retire_test_examples=True, force=True)
    assert [f.name for f in left] == ["more.jsonl"] and not files[1].exists()


def test_folder_as_output_is_refused_before_anything_is_retired(rated: StoredRun, tmp_path: Path) -> None:
    (tmp_path / "more.jsonl").mkdir()
    with pytest.raises(BenchError, match=r"is a folder\. Name a file"):
        review_harvest(rated.path, tmp_path / "more.jsonl", retire_test_examples=True, force=True)
    assert not (rated.path / "review" / "retired.json").exists()


def test_preference_needs_more_than_half_of_the_ratings(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(raters=2, repeats=0)
    ratings = [rating(j.id, {"preference": "A" if j.rater == "rater-1" else "both bad"}) for j in exported.packet.items]
    review_import(run.path, [page_file(tmp_path, exported.packet, r, ratings) for r in exported.packet.raters])
    with pytest.raises(BenchError, match="no rater has corrected an output or preferred one"):
        review_harvest(run.path, tmp_path / "more.jsonl", retire_test_examples=True)


def test_correction_may_equal_the_input(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(mode="errors", repeats=0)
    inputs = {e.id: e.inputs["input"] for e in run.examples("summarization")}
    ratings = [rating(j.id, {"severity": "minor"}, corrected=inputs[j.example]) for j in exported.packet.items]
    review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", ratings)])
    harvest, _ = review_harvest(run.path, tmp_path / "more.jsonl", retire_test_examples=True)
    assert {c["completion"] for c in harvest.corrections} == {inputs[row] for row in exported.key.inclusion_probabilities}


def test_harvest_without_ratings_is_refused(export: Export, run: StoredRun, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no packet was exported"):
        review_harvest(run.path, tmp_path / "more.jsonl")
    export()
    with pytest.raises(BenchError, match="no rater has corrected an output or preferred one"):
        review_harvest(run.path, tmp_path / "more.jsonl")


def harvested(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "harvested.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def visits(folder: Path, n: int = 60) -> Task:
    (folder / "visits.jsonl").write_text(
        "".join(json.dumps({"input": f"visit {i}", "target": f"note {i}", "group": f"p{i // 3}"}) + "\n" for i in range(n))
    )
    return Task(
        name="visits", kind="summarization", data=DataSpec(path="visits.jsonl"), prompt="{{ input }}", metrics=("rouge",), primary="rougeL"
    )


def with_harvest(task: Task, path: str | tuple[str, ...] = "harvested.jsonl") -> Task:
    return task.model_copy(update={"data": task.data.model_copy(update={"harvested": path})})


def test_harvested_examples_move_from_test_to_training_with_their_patient(tmp_path: Path) -> None:
    task = visits(tmp_path)
    before = load_splits(task, folder=tmp_path)
    taken = before.test[0]
    harvested(tmp_path, {"inputs": dict(taken.inputs), "completion": "better", "group": taken.group})
    after = load_splits(with_harvest(task), folder=tmp_path)
    assert after.train[-1].targets == ("better",) and after.train[-1].inputs == taken.inputs
    assert len(after.train) == len(before.train) + 1
    assert {e.id for e in after.test} == {e.id for e in before.test if e.group != taken.group}
    assert any("1 harvested example added to train" in warning for warning in after.report.warnings)
    assert after.digest != before.digest


def test_harvested_preferences_are_pairs_for_preference_tuning(tmp_path: Path) -> None:
    task = visits(tmp_path)
    taken = load_splits(task, folder=tmp_path).test[0]
    pair = {"inputs": dict(taken.inputs), "chosen": "better", "rejected": "worse", "group": taken.group}
    harvested(tmp_path, pair, pair | {"rejected": "bad"}, {"inputs": dict(taken.inputs), "completion": "right"})
    after = load_splits(with_harvest(task), folder=tmp_path)
    assert [(e.targets[0], e.rejected) for e in after.train[-3:]] == [("better", "worse"), ("better", "bad"), ("right", None)]
    assert taken.inputs not in [e.inputs for e in after.test]
    harvested(tmp_path, pair | {"rejected": " "})
    with pytest.raises(BenchError, match=r"harvested\.jsonl:1: 'rejected' must be a text, not ' '"):
        load_splits(with_harvest(task), folder=tmp_path)


def test_harvested_examples_match_despite_white_space_and_case(tmp_path: Path) -> None:
    task = visits(tmp_path)
    taken = load_splits(task, folder=tmp_path).test[0]
    harvested(tmp_path, {"inputs": {"input": f" {taken.inputs['input'].upper()} "}, "completion": "better"})
    after = load_splits(with_harvest(task), folder=tmp_path)
    assert taken.inputs not in [e.inputs for e in after.test]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"completion": "x"}, "harvested.jsonl:1: 'inputs' must be a dictionary of texts"),
        ({"inputs": {"input": 3}, "completion": "x"}, "'inputs' must be a dictionary of texts"),
        ({"inputs": {"input": "a"}, "completion": " "}, "'completion' must be a text"),
    ],
)
def test_invalid_harvest_files_are_refused(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    task = visits(tmp_path)
    harvested(tmp_path, row)
    with pytest.raises(BenchError, match=message):
        load_splits(with_harvest(task), folder=tmp_path)
    with pytest.raises(BenchError, match=r"nothing\.jsonl"):
        load_splits(with_harvest(task, ("nothing.jsonl",)), folder=tmp_path)


def test_harvested_correction_must_be_a_label(tmp_path: Path) -> None:
    (tmp_path / "intents.jsonl").write_text("".join(json.dumps({"input": f"text {i}", "target": "ab"[i % 2]}) + "\n" for i in range(40)))
    task = Task(
        name="intents",
        kind="classification",
        data=DataSpec(path="intents.jsonl", harvested="harvested.jsonl"),
        prompt="{{ input }}",
        metrics=("classification",),
        primary="macro_f1",
    )
    harvested(tmp_path, {"inputs": {"input": "text 3"}, "completion": "c"})
    with pytest.raises(BenchError, match="'c' is not one of the labels a, b"):
        load_splits(task, folder=tmp_path)


def test_validation_drawn_from_training_has_no_harvested_patient(tmp_path: Path) -> None:
    for name, start in (("train", 0), ("test", 100)):
        rows = [{"input": f"visit {start + i}", "target": f"note {i}", "group": f"p{i // 3}"} for i in range(60)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[: 60 if name == "train" else 3]))
    files = DataSpec(path={"train": "train.jsonl", "test": "test.jsonl"}, fields={"group": None}, harvested="harvested.jsonl")
    task = visits(tmp_path).model_copy(update={"data": files.model_copy(update={"fields": {}})})
    harvested(tmp_path, {"inputs": {"input": "a new row"}, "completion": "better", "group": "p6"})
    after = load_splits(task, folder=tmp_path)
    assert "p6" not in {e.group for e in (*after.validation, *after.test)} and after.validation
    assert any("without a matching row in any split, such as harvested.jsonl:1" in warning for warning in after.report.warnings)


def test_examples_in_two_harvest_files_count_once(tmp_path: Path) -> None:
    task = visits(tmp_path)
    before = load_splits(task, folder=tmp_path)
    row = {"inputs": dict(before.test[0].inputs), "completion": "better", "group": before.test[0].group}
    harvested(tmp_path, row, row).rename(tmp_path / "first.jsonl")
    harvested(tmp_path, row)
    after = load_splits(with_harvest(task, ("first.jsonl", "harvested.jsonl")), folder=tmp_path)
    assert [e.targets for e in after.train].count(("better",)) == 1


def test_harvested_inputs_must_have_the_tasks_names(tmp_path: Path) -> None:
    task = visits(tmp_path)
    harvested(tmp_path, {"inputs": {"text": "visit 3"}, "completion": "better"})
    with pytest.raises(BenchError, match=r"harvested\.jsonl:1: the inputs are text, but those of the task are input"):
        load_splits(with_harvest(task), folder=tmp_path)


def test_label_of_a_retired_example_stays_a_label(tmp_path: Path) -> None:
    labels = ["a", "b"] * 20
    task = Task(
        name="intents", kind="classification", data=DataSpec(path="intents.jsonl"), prompt="{{ input }}",
        metrics=("classification",), primary="macro_f1",
    )  # fmt: skip
    rows = [{"input": f"text {i}", "target": label} for i, label in enumerate(labels)]
    (tmp_path / "intents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    taken = load_splits(task, folder=tmp_path).test[0]
    rows[int(taken.inputs["input"].split()[1])]["target"] = "rare"
    (tmp_path / "intents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    harvested(tmp_path, {"inputs": dict(taken.inputs), "completion": "a"})
    after = load_splits(with_harvest(task), folder=tmp_path)
    assert after.train[0].choices == ("a", "b", "rare")


def test_contradicting_packets_give_one_preference_by_majority(export: Export, run: StoredRun, tmp_path: Path) -> None:
    for seed, best in ((0, "lora"), (1, "base")):
        exported = export(n=60, repeats=0, seed=seed, raters=1 if seed == 0 else 2)
        ratings = [rating(j.id, {"preference": "AB"[exported.key.items[j.id].strategies.index(best)]}) for j in exported.packet.items]
        review_import(run.path, [page_file(tmp_path, exported.packet, r, ratings) for r in exported.packet.raters])
    harvest, _ = review_harvest(run.path, tmp_path / "more.jsonl", retire_test_examples=True)
    assert {tuple(p["provenance"]["strategies"]) for p in harvest.preferences} == {("base", "lora")}
    assert all(p["provenance"]["votes"] == [2, 3] and p["chosen"] and p["rejected"] for p in harvest.preferences)
