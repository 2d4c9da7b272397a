"""Which new rows are trained on and which are tested on."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.api.catalogs import open_catalog
from harness.data.identity import normalized_inputs
from harness.grid import Request, read_tasks
from harness.lifecycle.retraining import NewRow, TrainingData, assemble, declare_task, write_data_files
from harness.types import DataReport, DataSpec, Example, Splits, Task

TASK = Task.model_validate(
    {
        "name": "intents",
        "kind": "classification",
        "data": {"path": "a.jsonl"},
        "prompt": "{{ input }}",
        "labels": ["yes", "no"],
        "metrics": ["classification"],
        "primary": "accuracy",
    }
)


def text(name: str) -> str:
    draw = random.Random(name)
    return " ".join(f"w{draw.randrange(400)}" for _ in range(12))


def example(name: str, *, group: str | None = None, words: str = "", label: str = "yes") -> Example:
    return Example(name, {"input": words or text(name)}, (label,), ("yes", "no"), group)


def rows(examples: Sequence[Example]) -> list[NewRow]:
    return [NewRow(each, f"{number:016}", f"inputs{number:010}") for number, each in enumerate(examples)]


def splits(**groups: str) -> Splits:
    parts = {
        split: tuple(example(f"{split}-{number}", group=groups.get(split)) for number in range(count))
        for split, count in (("train", 30), ("validation", 10), ("test", 12))
    }
    return Splits(**parts, report=DataReport({}, {}, {}), digest="")


def sides(data: TrainingData) -> dict[str, str]:
    return {each.id: side for side in ("train", "validation", "test") for each in getattr(data, side)}


def test_shares_are_kept_and_no_row_changes_its_side_when_more_come() -> None:
    new = rows([example(f"n{number}") for number in range(400)])
    first = assemble(TASK, splits(), new[:200], test_share=0.2)
    more = assemble(TASK, splits(), new, test_share=0.2)
    assert 50 < more.added["test"] < 110 and 15 < more.added["validation"] < 50
    assert sum(more.added.values()) == 400
    assert sides(first).items() <= sides(more).items()
    assert len(assemble(TASK, splits(), new, test_share=0.0).test) == 12


def test_near_copies_of_a_test_example_are_never_trained_on() -> None:
    """Also where the copy came first, or is one of the task's own examples."""
    words = text("a visit")
    near = " ".join([*words.split()[1:], "other"])
    own = splits()
    own = Splits(own.train, own.validation, (*own.test, example("t", words=words)), own.report, "")
    data = assemble(TASK, own, rows([example("copy", words=near)]), test_share=0.2)
    assert "copy" not in sides(data) and data.left_out["near_held_out"] == 1
    own = Splits((*own.train, example("own-copy", words=near)), own.validation, own.test, own.report, "")
    data = assemble(TASK, own, (), test_share=0.2)
    assert "own-copy" not in sides(data) and data.left_out["near_test"] == 1


def test_near_copies_among_new_rows_go_to_one_side() -> None:
    new = []
    for number in range(60):
        words = text(f"pair{number}").split()
        new += [example(f"a{number}", words=" ".join(words)), example(f"b{number}", words=" ".join([*words[1:], "other"]))]
    side = sides(assemble(TASK, splits(), rows(new), test_share=0.4))
    assert {side[f"a{number}"] for number in range(60)} >= {"train", "test"}
    assert all(side[f"a{number}"] == side[f"b{number}"] for number in range(60))


def test_rows_of_a_group_stay_together_and_join_the_training_group() -> None:
    new = [example(f"n{number}", group=f"g{number % 20}") for number in range(100)]
    data = assemble(TASK, splits(train="p1", test="p2"), rows([*new, example("x", group="p1"), example("y", group="p2")]), test_share=0.3)
    by_group: dict[str | None, set[str]] = {}
    for each in new:
        by_group.setdefault(each.group, set()).add(sides(data)[each.id])
    assert all(len(found) == 1 for found in by_group.values()) and set.union(*by_group.values()) >= {"train", "test"}
    assert sides(data)["x"] == "train" and "y" not in sides(data) and data.left_out["held_out_group"] == 1


def test_known_inputs_and_unknown_labels_are_counted() -> None:
    own = splits()
    copies = [example("c1", words=own.test[0].inputs["input"].upper()), example("c2", words=own.train[0].inputs["input"], label="no")]
    data = assemble(TASK, own, rows([*copies, example("u", label="maybe")]), test_share=0.5)
    assert data.left_out["known_inputs"] == 2 and data.left_out["unknown_label"] == 1
    assert data.unknown_labels == ("maybe",) and (data.train, data.test) == (own.train, own.test)


def test_a_row_that_was_tested_is_not_trained_on_after_the_share_is_lowered() -> None:
    new = rows([example(f"n{number}") for number in range(100)])
    first = assemble(TASK, splits(), new, test_share=0.3)
    later = assemble(TASK, splits(), new, test_share=0.0, tested=first.tested)
    assert len(first.tested) == first.added["test"] == later.left_out["tested_before"] > 10
    assert not {each.id for each in first.test} & {each.id for each in (*later.train, *later.validation)}


def test_test_examples_that_the_champion_was_trained_on_wait_for_another_champion() -> None:
    new = rows([example(f"n{number}") for number in range(60)])
    first = assemble(TASK, splits(), new, test_share=0.3)
    seen = {first.test[0].id, first.test[-1].id}  # one of the task's own, and a new one
    known = assemble(TASK, splits(), new, test_share=0.3, find_seen=lambda examples: seen & {each.id for each in examples})
    assert known.left_out["seen_by_champion"] == 2 and known.added["test"] == first.added["test"] - 1
    assert sides(known) == {id_: side for id_, side in sides(first).items() if id_ not in seen}, "and nobody trains on them"
    assert known.tested == first.tested
    assert assemble(TASK, splits(), new, test_share=0.3, tested=known.tested).test == first.test


def test_ids_that_occur_twice_are_told_apart() -> None:
    data = assemble(TASK, splits(), rows([example("train-0", words=text("other"))]), test_share=0.0)
    ids = [each.id for each in (*data.train, *data.validation, *data.test)]
    assert len(ids) == len(set(ids)) == 53


@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_in_any_order_of_calls_a_test_row_stays_a_test_row(seed: int) -> None:
    """Growing data: near copies, groups and repeated rows at random."""
    draw = random.Random(seed)
    new: list[Example] = []
    held_out: set[str] = set()
    for step in range(4):
        for number in range(40):
            words = text(f"{seed}{step}{number}")
            if new and draw.random() < 0.4:
                words = " ".join([*draw.choice(new).inputs["input"].split()[1:], "more"])
            group = f"g{draw.randrange(30)}" if draw.random() < 0.3 else None
            new.append(example(f"{step}-{number}", words=words, group=group))
        data = assemble(TASK, splits(), rows(new), test_share=0.3)
        held_out |= {normalized_inputs(each) for each in data.test}
        assert not held_out & {normalized_inputs(each) for each in (*data.train, *data.validation)}


@pytest.mark.parametrize(
    ("fields", "inputs"),
    [
        ({}, {"input": "input"}),
        ({"input": "message", "target": "label", "id": "number"}, {"input": "message"}),
        ({"input": "message", "group": "message"}, {"input": "message"}),
        ({"input": "message", "id": None, "group": None}, {"input": "message"}),
    ],
)
def test_the_next_model_reads_the_columns_of_the_task(fields: dict[str, str | None], inputs: dict[str, str], tmp_path: Path) -> None:
    task = TASK.model_copy(update={"data": DataSpec(path="a.jsonl", fields=fields)})
    has_groups = "group" in fields and fields["group"] is not None
    data = assemble(task, splits(**({"train": "p1", "test": "p2"} if has_groups else {})), rows([example("new")]), test_share=0.2)
    write_data_files(tmp_path, task, data)
    declared = declare_task(task, data, tmp_path)
    ((_, read),) = read_tasks(Request(tasks=(declared,), strategies=()), open_catalog())
    for name in ("train", "validation", "test"):
        before, after = getattr(data, name), getattr(read, name)
        assert [(each.id, each.inputs, each.targets) for each in after] == [(each.id, each.inputs, each.targets) for each in before]
    row = json.loads((tmp_path / "test.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert {role: row[column] for role, column in inputs.items()} == data.test[0].inputs
    assert {role: declared.data.fields.get(role, role) for role in inputs} == inputs
