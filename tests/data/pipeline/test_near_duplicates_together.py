"""`split: {near_duplicates: together}`: no test example resembles a training example."""

from __future__ import annotations

from random import Random

import pytest
from message_checks import assert_contains
from pydantic import ValidationError

from harness.data.similarity import WordSetBuilder, WordSets
from harness.types import SplitSpec

TOGETHER = {"split": {"near_duplicates": "together"}}


def make_text(draw):
    return [f"w{draw.randrange(3000)}" for _ in range(40)]


def edited(words, draw, edits=2):
    """The words with some of them replaced: with 2 of 40, 38 of 42 are shared."""
    changed = list(words)
    for place in draw.sample(range(len(words)), edits):
        changed[place] = f"new{draw.randrange(3000)}"
    return changed


def csv_of(families, header="input,target"):
    """Rows in a random order, each with the number of its family as target."""
    rows = [f"{' '.join(words)},{family}\n" for family, members in enumerate(families) for words in members]
    Random(5).shuffle(rows)
    return f"{header}\n{''.join(rows)}"


def families_of(examples):
    return {e.targets[0] for e in examples}


@pytest.fixture
def families():
    """60 texts, each with up to four edited copies."""
    draw = Random(1)
    return [[text, *(edited(text, draw) for _ in range(i % 5))] for i in range(60) for text in [make_text(draw)]]


def test_near_duplicates_share_a_split(load, families):
    splits = load(csv_of(families), **TOGETHER)
    by_split = [families_of(part) for part in (splits.train, splits.validation, splits.test)]
    assert not by_split[0] & by_split[1] and not by_split[0] & by_split[2] and not by_split[1] & by_split[2]
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 180
    assert 0.7 < len(splits.train) / 180 < 0.9


def test_without_the_setting_they_leak(load, families):
    """Otherwise the test above would prove nothing."""
    splits = load(csv_of(families))
    assert families_of(splits.train) & families_of(splits.test)


def test_rows_are_linked_through_others(load):
    """Each row of a chain resembles the next; the first and the last have nothing in common."""
    draw = Random(2)
    chain = [make_text(draw)]
    for start in range(0, 40, 2):
        chain.append([*chain[-1][:start], f"x{start}", f"x{start + 1}", *chain[-1][start + 2 :]])
    splits = load(csv_of([chain, *([make_text(draw)] for _ in range(60))]), **TOGETHER)
    assert sum("0" in families_of(part) for part in (splits.train, splits.validation, splits.test)) == 1


def test_groups_and_near_duplicates_hold_together(load):
    """A patient with two texts, each of which resembles a text of another patient."""
    draw = Random(3)
    first, second = make_text(draw), make_text(draw)
    rows = [(first, "p1"), (second, "p1"), (edited(first, draw), "p2"), (edited(second, draw), "p3")]
    others = [(make_text(draw), f"q{i}") for i in range(40)]
    text = "input,target,group\n" + "".join(f"{' '.join(words)},x,{group}\n" for words, group in (*rows, *others))
    splits = load(text, **TOGETHER)
    placed = [{e.group for e in part} & {"p1", "p2", "p3"} for part in (splits.train, splits.validation, splits.test)]
    assert sorted(map(len, placed)) == [0, 0, 3]


def test_the_order_of_the_rows_does_not_matter(load, families):
    text = csv_of(families)
    head, *rows = text.splitlines()
    one, other = load(text, **TOGETHER), load("\n".join([head, *sorted(rows)]), **TOGETHER)
    assert {e.inputs["input"] for e in one.test} == {e.inputs["input"] for e in other.test}


def test_rows_that_all_resemble_each_other_cannot_be_split(refused):
    words = [f"w{i}" for i in range(50)]
    text = "input,target\n" + "".join(f"{' '.join(words)} number{i},x\n" for i in range(30))
    assert_contains(refused(text, **TOGETHER), "all 30 rows are linked by near duplicates", "Remove 'near_duplicates: together'")


def test_given_splits_are_kept(load):
    rows = {"train": "input,target\na b c d e f,x\n", "test": "input,target\na b c d e g,x\n"}
    assert "'split.near_duplicates' is ignored: the data has its own splits" in load(rows, **TOGETHER).report.warnings


@pytest.mark.parametrize("other", [{"column": "fold"}, {"by": "seen"}])
def test_only_a_random_split_keeps_them_together(other):
    with pytest.raises(ValidationError, match="needs a split at random"):
        SplitSpec(near_duplicates="together", **other)


def test_words_that_were_added_can_be_dropped():
    builder = WordSetBuilder()
    for text in ("a b", "c d e", ""):
        builder.add(text)
    builder.truncate(1)
    builder.add("b f")
    sets = WordSets.of(builder)
    assert len(builder) == len(sets) == 2
    assert sets.sizes.tolist() == [2, 2]
    import numpy as np

    assert sets.similarity(np.array([0]), np.array([1])).tolist() == [1 / 2]
