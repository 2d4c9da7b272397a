"""Splits are reproducible, keep related rows together and do not depend on the order of the rows."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.identity import RowIndex
from harness.data.pipeline.splitting import split_rows
from harness.errors import BenchError
from harness.types import Example, SplitSpec


def csv_of(rows, header="input,target"):
    return header + "\n" + "".join(",".join(row) + "\n" for row in rows)


def texts(examples):
    return [e.inputs["input"] for e in examples]


MANY = [(f"text {i}", f"sum {i}") for i in range(200)]


CLUSTERED = st.lists(st.tuples(st.integers(0, 15).map(str), st.one_of(st.none(), st.integers(0, 8).map(str))), min_size=2, max_size=60)


def test_shares_and_file_order(load):
    splits = load(csv_of(MANY))
    assert splits.report.sizes == {"train": 160, "validation": 20, "test": 20}
    for part in (splits.train, splits.validation, splits.test):
        numbers = [int(text.split()[1]) for text in texts(part)]
        assert numbers == sorted(numbers)
    assert set(texts(splits.test)) != {f"text {i}" for i in range(20)}, "a random tenth, not the first rows"


def test_split_is_reproducible_and_depends_on_the_seed(load):
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


def test_new_row_moves_few_others(load):
    one, two = load(csv_of(MANY)), load(csv_of([*MANY, ("a new text", "sum")]))
    assert len(set(texts(one.test)) & set(texts(two.test))) >= 19


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
        # only if all rows are connected: follow shared groups and inputs from the first row
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


def test_inputs_that_differ_in_case_or_spaces_stay_together(load):
    rows = [(f"{'Text' if i % 2 else 'text  '} {i // 2}", f"s{i}") for i in range(40)]
    splits = load(csv_of(rows))
    homes = [{" ".join(t.casefold().split()) for t in texts(part)} for part in (splits.train, splits.validation, splits.test)]
    assert not homes[0] & homes[2]
    assert not homes[0] & homes[1]
    assert splits.report.duplicates["train"] == len(splits.train) // 2


def test_split_is_stable_across_versions(load):
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
def test_too_few_clusters_are_refused(refused, content, reason):
    message = refused(content)
    assert reason in message
    assert "train: …, test: …" in message


def test_two_rows_are_split_into_train_and_test(load):
    assert load(csv_of([("a", "b"), ("c", "d")])).report.sizes == {"train": 1, "validation": 0, "test": 1}


def test_giant_group_goes_to_train(load):
    rows = [(f"t{i}", "s", "giant" if i < 70 else f"g{i}") for i in range(100)]
    for seed in range(5):
        splits = load(csv_of(rows, "input,target,group"), split={"seed": seed})
        assert sum(e.group == "giant" for e in splits.train) == 70
        assert splits.validation
        assert splits.test
