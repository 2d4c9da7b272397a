"""Splits are the same for the same rows, keep what belongs together together, and let no test row into train."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import load_splits
from harness.data.identity import RowIndex, example_digest, inputs_digest
from harness.data.pipeline.splitting import split_rows
from harness.errors import BenchError
from harness.types import Example, SplitSpec


def csv_of(rows, header="input,target"):
    return header + "\n" + "".join(",".join(row) + "\n" for row in rows)


def texts(examples):
    return [e.inputs["input"] for e in examples]


MANY = [(f"text {i}", f"sum {i}") for i in range(200)]


def test_shares_and_file_order(load):
    splits = load(csv_of(MANY))
    assert splits.report.sizes == {"train": 160, "validation": 20, "test": 20}
    for part in (splits.train, splits.validation, splits.test):
        numbers = [int(text.split()[1]) for text in texts(part)]
        assert numbers == sorted(numbers)
    assert set(texts(splits.test)) != {f"text {i}" for i in range(20)}, "a random tenth, not the head"


def test_same_again_and_other_seed(load):
    one, again = load(csv_of(MANY)), load(csv_of(MANY))
    assert one == again
    other = load(csv_of(MANY), split={"seed": 14})
    assert set(texts(one.test)) != set(texts(other.test))
    assert one.digest != other.digest


def test_row_order_does_not_matter(load):
    rows = [(*row, f"g{i % 60}") for i, row in enumerate(MANY)]
    shuffled = random.Random(0).sample(rows, len(rows))
    one, two = (load(csv_of(r, "input,target,group")) for r in (rows, shuffled))
    for split in ("train", "validation", "test"):
        assert set(texts(getattr(one, split))) == set(texts(getattr(two, split)))
    assert one.digest != two.digest, "the order is part of the digest"


def test_a_new_row_moves_few_others(load):
    one, two = load(csv_of(MANY)), load(csv_of([*MANY, ("a new text", "sum")]))
    assert len(set(texts(one.test)) & set(texts(two.test))) >= 19


CLUSTERED = st.lists(st.tuples(st.integers(0, 15).map(str), st.one_of(st.none(), st.integers(0, 8).map(str))), min_size=2, max_size=60)


@settings(deadline=None, max_examples=200)
@given(rows=CLUSTERED, seed=st.integers(0, 9), shares=st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.0, 0.5), (0.34, 0.33, 0.33)]))
def test_clusters_are_never_split(rows, seed, shares):
    examples = [Example(str(i), {"input": text}, ("t",), group=group) for i, (text, group) in enumerate(rows)]
    spec = SplitSpec(train=shares[0], validation=shares[1], test=shares[2], seed=seed)
    index = RowIndex(seed)
    for example in examples:
        index.add(example)
    try:
        numbers = split_rows(index, np.arange(len(rows)), spec, "a.csv")
    except BenchError:
        # only where everything hangs together: walk from the first row along shared groups and inputs
        reached, size = {rows[0]}, 0
        while len(reached) != size:
            size = len(reached)
            reached |= {r for r in rows if any(r[0] == s[0] or (r[1] is not None and r[1] == s[1]) for s in reached)}
        assert reached == set(rows)
        return
    parts = {split: [examples[row] for row in own] for split, own in numbers.items()}
    assert parts["train"]
    assert parts["test"]
    assert bool(parts["validation"]) <= (shares[1] > 0)
    assert sorted(int(e.id) for part in parts.values() for e in part) == list(range(len(rows)))
    for of in (lambda e: e.group, lambda e: e.inputs["input"]):
        homes = [{of(e) for e in part} - {None} for part in parts.values()]
        assert not homes[0] & homes[1]
        assert not homes[0] & homes[2]
        assert not homes[1] & homes[2]


def test_repeats_up_to_case_and_space_stay_together(load):
    rows = [(f"{'Text' if i % 2 else 'text  '} {i // 2}", f"s{i}") for i in range(40)]
    splits = load(csv_of(rows))
    homes = [{" ".join(t.casefold().split()) for t in texts(part)} for part in (splits.train, splits.validation, splits.test)]
    assert not homes[0] & homes[2]
    assert not homes[0] & homes[1]
    assert splits.report.duplicates["train"] == len(splits.train) // 2


def test_a_split_does_not_change_between_versions_unnoticed(load):
    grouped = csv_of([(*row, f"g{i % 90}") for i, row in enumerate(MANY)], "input,target,group")
    assert texts(load(csv_of(MANY)).test)[:4] == ["text 1", "text 6", "text 8", "text 65"]
    assert texts(load(grouped).test)[:4] == ["text 8", "text 14", "text 16", "text 35"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (csv_of([("a", "b")]), "1 usable row"),
        (csv_of([("a", "b"), ("A ", "c")]), "all 2 rows have the same inputs"),
        (csv_of([("a", "b", "p1"), ("c", "d", "p1")], "input,target,group"), "one group 'p1'"),
        (csv_of([("a", "b", "p1"), ("a", "d", "p2")], "input,target,group"), "2 groups are all linked"),
    ],
)
def test_too_little_to_split(refused, content, reason):
    message = refused(content)
    assert reason in message
    assert "train: …, test: …" in message


def test_two_rows_are_one_each(load):
    assert load(csv_of([("a", "b"), ("c", "d")])).report.sizes == {"train": 1, "validation": 0, "test": 1}


def test_a_giant_group_goes_to_train(load):
    rows = [(f"t{i}", "s", "giant" if i < 70 else f"g{i}") for i in range(100)]
    for seed in range(5):
        splits = load(csv_of(rows, "input,target,group"), split={"seed": seed})
        assert sum(e.group == "giant" for e in splits.train) == 70
        assert splits.validation
        assert splits.test


# ---------------------------------------------------------------------------------------------------------- given files


def test_given_files_without_validation(load):
    splits = load({"train": csv_of(MANY), "test": csv_of([("other", "x")])})
    assert splits.report.sizes == {"train": 180, "validation": 20, "test": 1}
    assert splits.report.origin["train"] == "train.csv"


def test_copies_across_splits(load):
    splits = load(
        {
            "train": csv_of([("Fever  today", "a"), ("cough", "b"), ("rash", "c"), ("rash", "c"), ("pain", "d")]),
            "validation": csv_of([("COUGH", "b"), ("burn", "e"), ("itch", "i")]),
            "test": csv_of([("fever today", "a"), ("burn", "e"), ("fever today ", "z")]),
        }
    )
    assert texts(splits.train) == ["rash", "rash", "pain"]
    assert texts(splits.validation) == ["COUGH", "itch"]
    assert len(splits.test) == 3, "test is never touched"
    report = splits.report
    assert (report.removed_from_train, report.removed_from_validation, report.shared_groups_removed) == (2, 1, 0)
    assert report.duplicates == {
        "train": 1, "validation": 0, "test": 1, "train/test": 1, "train/validation": 1, "validation/test": 1,
    }  # fmt: skip
    assert "2 training examples removed: the same inputs occur in validation or test" in report.warnings
    assert "1 validation example removed: the same inputs occur in test" in report.warnings


def test_groups_across_splits(load):
    head = "input,target,group"
    splits = load(
        {
            "train": csv_of([("a", "x", "p1"), ("b", "x", "p2"), ("c", "x", "p3")], head),
            "validation": csv_of([("d", "x", "p2"), ("e", "x", "p4")], head),
            "test": csv_of([("f", "x", "p1"), ("g", "x", "p4")], head),
        }
    )
    assert texts(splits.train) == ["c"]
    assert texts(splits.validation) == ["d"]
    assert splits.report.shared_groups_removed == 3
    assert splits.report.removed_from_train == 0


def test_the_same_file_twice(refused):
    message = refused({"train": csv_of(MANY), "test": csv_of(MANY)})
    assert "no training rows are left" in message
    assert "same file is not given twice" in message


# ----------------------------------------------------------------------------------------------------- limit and digest


def test_limits_are_nested_samples(load):
    full, hundred, fifty = (load(csv_of(MANY), limit=n) for n in (None, 100, 50))
    assert set(texts(fifty.train)) < set(texts(hundred.train)) < set(texts(full.train))
    assert texts(fifty.train) != texts(full.train)[:50], "not the head"
    assert texts(hundred.train) == [t for t in texts(full.train) if t in set(texts(hundred.train))], "the file's order"
    assert fifty.report.sizes == {"train": 50, "validation": 20, "test": 20}
    assert fifty.report.sampled_from == {"train": 160, "validation": 20, "test": 20}
    assert load(csv_of(MANY), limit=50) == fifty
    assert texts(load(csv_of(MANY), limit=50, limit_seed=1).train) != texts(fifty.train)


def test_digest_follows_the_content(load):
    base = load(csv_of(MANY))
    assert load(csv_of(MANY), name="renamed.csv").digest == base.digest
    assert load(csv_of([*MANY[:-1], (MANY[-1][0], "another target")])).digest != base.digest
    assert load(csv_of([(*row, f"g{i}") for i, row in enumerate(MANY)], "input,target,group")).digest != base.digest


def test_example_digests_are_stable():
    example = Example("any", {"b": "2", "a": "é"}, ("t",), group="g")
    same = Example("other", {"a": "é", "b": "2"}, ("t",))
    assert inputs_digest(example) == inputs_digest(same) == "2452bd6aec7d098ad5ddea51d62ed298ed6db028e49d0606e860886b4b2719aa"
    assert example_digest(example) == example_digest(same)
    assert example_digest(example) != example_digest(Example("any", example.inputs, ("u",)))


def test_folder_is_what_relative_paths_are_relative_to(tmp_path: Path, make_task):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.csv").write_text(csv_of(MANY))
    assert load_splits(make_task(path="deep/a.csv"), folder=tmp_path) == load_splits(make_task(path="a.csv"), folder=tmp_path / "deep")
