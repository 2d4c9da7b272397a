"""Splits and samples of tasks with labels hold every class in about its share."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.identity import RowIndex
from harness.data.pipeline.sampling import sample
from harness.data.pipeline.splitting import split_rows
from harness.data.pipeline.stratification import stratified_order
from harness.types import Example, SplitSpec

SPLITS = ("train", "validation", "test")


def messages(n, spam, seed=0):
    """Rows of a spam filter: few of many messages are spam."""
    rows = [(f"message {i}", "spam" if i < spam else "ham") for i in range(n)]
    return random.Random(seed).sample(rows, n)


def csv_of(rows, header="input,target"):
    return header + "\n" + "".join(",".join(row) + "\n" for row in rows)


def count_labels(examples):
    return Counter(e.targets[0] for e in examples)


def as_examples(labels):
    return [Example(f"id {i}", {"input": f"text {i}"}, (label,), ("a", "b")) for i, label in enumerate(labels)]


def split_examples(examples, seed=13, shares=(0.8, 0.1, 0.1)):
    index = RowIndex(seed, with_labels=True)
    for example in examples:
        index.add(example)
    spec = SplitSpec(train=shares[0], validation=shares[1], test=shares[2], seed=seed)
    return {name: [examples[row] for row in rows] for name, rows in split_rows(index, np.arange(len(examples)), spec, "a.csv").items()}


def test_every_split_has_the_share_of_every_class(load):
    splits = load(csv_of(messages(1000, 130)), kind="classification")
    assert splits.report.sizes == {"train": 800, "validation": 100, "test": 100}
    assert {name: count_labels(getattr(splits, name))["spam"] for name in SPLITS} == {"train": 104, "validation": 13, "test": 13}


@pytest.mark.parametrize("seed", range(8))
def test_small_test_set_has_both_classes(load, seed):
    """Of these files, an unstratified split gave test sets of one class: any model that always answered 'ham' scored 1.000 on macro-F1."""
    splits = load(csv_of(messages(60, 5, seed)), kind="classification", split={"seed": seed})
    assert len(splits.test) == 6
    assert count_labels(splits.test)["spam"] == 1
    assert count_labels(splits.train)["spam"] >= 3


def test_class_of_two_is_in_training_and_test(load):
    splits = load(csv_of([*messages(100, 10), ("rare one", "fraud"), ("rare two", "fraud")]), kind="classification")
    assert [count_labels(getattr(splits, name))["fraud"] for name in SPLITS] == [1, 0, 1]
    assert splits.report.unseen_labels == {}


def test_class_of_one_is_in_training(load):
    for seed in range(10):
        splits = load(csv_of([*messages(100, 10), ("single", "fraud")]), kind="classification", split={"seed": seed})
        assert count_labels(splits.train)["fraud"] == 1


def test_validation_set_aside_has_every_class(load):
    files = {"train": csv_of(messages(200, 12)), "test": csv_of([("other", "ham"), ("another", "spam")])}
    splits = load(files, kind="classification")
    assert count_labels(splits.validation) == {"ham": 19, "spam": 1}


@pytest.mark.parametrize(("limit", "spam"), [(4, 1), (20, 3), (100, 13), (500, 65)])
def test_limited_sample_has_the_share_of_every_class(load, limit, spam):
    rows = messages(5000, 650)
    splits = load(csv_of(rows), kind="classification", limit=limit)
    assert count_labels(splits.train)["spam"] == spam
    assert count_labels(splits.test)["spam"] == spam


def test_limited_samples_are_nested_and_reproducible(load):
    files = [load(csv_of(messages(400, 40)), kind="classification", limit=n) for n in (10, 25, 60, None)]
    ids = [{e.id for e in splits.train} for splits in files]
    assert ids[0] < ids[1] < ids[2] < ids[3]
    assert load(csv_of(messages(400, 40)), kind="classification", limit=25) == files[1]
    assert load(csv_of(messages(400, 40)), kind="classification", limit=25, limit_seed=1).train != files[1].train


def test_training_subset_has_every_class():
    chosen = [count_labels(sample(as_examples(["a"] * 95 + ["b"] * 5), 20, seed)) for seed in range(5)]
    assert chosen == [{"a": 19, "b": 1}] * 5


def test_texts_are_sampled_without_strata():
    examples = [Example(str(i), {"input": str(i)}, ("a" if i % 50 else "b",)) for i in range(100)]
    assert len({count_labels(sample(examples, 30, seed))["b"] for seed in range(20)}) > 1


def test_row_order_does_not_matter():
    examples = [Example("", {"input": f"text {i}"}, (f"label {i % 7 % 4}",), group=f"g{i % 60}") for i in range(300)]
    one, two = (split_examples(order) for order in (examples, random.Random(1).sample(examples, 300)))
    for name in SPLITS:
        assert {e.inputs["input"] for e in one[name]} == {e.inputs["input"] for e in two[name]}


def test_groups_stay_together_and_rare_classes_are_spread():
    """Patients with several notes each; one note in 25 is urgent."""
    rng = random.Random(0)
    labels = [(patient, "urgent" if rng.random() < 0.04 else rng.choice(["routine", "soon"])) for patient in range(200) for _ in range(5)]
    examples = [Example("", {"input": f"text {i}"}, (label,), group=f"p{p}") for i, (p, label) in enumerate(labels)]
    expected = count_labels(examples)["urgent"] / 10
    for seed in range(6):
        parts = split_examples(examples, seed)
        homes = [{e.group for e in parts[name]} for name in SPLITS]
        assert not homes[0] & homes[1]
        assert not homes[0] & homes[2]
        assert not homes[1] & homes[2]
        assert abs(count_labels(parts["test"])["urgent"] - expected) <= 2
        assert abs(len(parts["test"]) - 100) <= 5


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.sampled_from("aaaaaaabbbcde"), min_size=8, max_size=80),
    seed=st.integers(0, 9),
    shares=st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.0, 0.5), (0.34, 0.33, 0.33)]),
)
def test_class_with_two_examples_is_in_training_and_where_possible_in_test(labels, seed, shares):
    parts = split_examples(as_examples(labels), seed, shares)
    assert sorted(e.id for part in parts.values() for e in part) == sorted(e.id for e in as_examples(labels))
    repeated = {label for label, n in Counter(labels).items() if n > 1}
    if len(parts["train"]) >= len(repeated):
        assert repeated <= set(count_labels(parts["train"]))
    if len(parts["test"]) >= 2 * len(set(labels)):
        assert repeated <= set(count_labels(parts["test"]))


@settings(deadline=None, max_examples=80)
@given(strata=st.lists(st.integers(0, 5), min_size=1, max_size=120))
def test_every_prefix_holds_each_stratum_in_its_share(strata):
    strata = np.array(strata)
    order = strata[stratified_order(strata)]
    kinds, totals = np.unique(strata, return_counts=True)
    for length in range(1, len(strata) + 1):
        counts = np.array([(order[:length] == kind).sum() for kind in kinds])
        assert np.abs(counts - length * totals / len(strata)).max() <= max(1, len(kinds) - 1)
        if length >= 2 * len(kinds):
            assert counts.min() > 0
