"""Near duplicates are found at a similarity of 0.8, within and across splits, and nothing else is."""

from __future__ import annotations

import random

import pytest
from planted import Vocabulary, edit_words, examples, replace_words

from harness.data.checks.checked_rows import CheckedRows
from harness.data.checks.near_copies import find_near_copies, list_near_copies
from harness.data.similarity import WordSets, split_words
from harness.types import DataFinding, Example


def rows_of(make_task, train, validation=(), test=(), **task):
    return CheckedRows(make_task(path="rows.csv", **task), {"train": train, "validation": validation, "test": test})


def find(findings: list[DataFinding], code: str) -> DataFinding | None:
    return next((finding for finding in findings if finding.code == code), None)


@pytest.mark.parametrize("words", [10, 60, 300])
@pytest.mark.parametrize(("edit", "similarity"), [("replace", 0.8), ("drop", 8 / 9), ("insert", 10 / 11), ("swap", 1.0), ("misspell", 0.8)])
def test_rows_with_a_fifth_of_their_words_changed_are_found(make_task, words: int, edit: str, similarity: float) -> None:
    """At least 98% of 200 such pairs are found, and no other rows."""
    vocabulary = Vocabulary(words)
    originals = vocabulary.texts(600, words)
    copies = [edit_words(text, edit, words // 5, vocabulary.random) for text in originals[:200]]
    found = list_near_copies(rows_of(make_task, examples([*originals, *copies])))
    planted = {600 + i: i for i in range(200)}
    assert all(planted.get(row) == match.row for row, match in found.within.items())
    assert len(found.within) >= 0.98 * 200
    assert all(match.similarity == pytest.approx(similarity) for match in found.within.values())


@pytest.mark.parametrize(("words", "replaced"), [(10, 3), (60, 16)])
def test_pairs_below_the_limit_are_not_reported(make_task, words: int, replaced: int) -> None:
    originals = Vocabulary().texts(300, words)
    others = [replace_words(text, replaced, f"n{i}") for i, text in enumerate(originals)]
    found = list_near_copies(rows_of(make_task, examples([*originals, *others])))
    assert not found.within


def test_long_texts_may_differ_in_a_quarter_of_their_words(make_task) -> None:
    originals = Vocabulary().texts(100, 20)
    others = [replace_words(text, 5, f"n{i}") for i, text in enumerate(originals)]
    assert len(list_near_copies(rows_of(make_task, examples([*originals, *others]))).within) >= 95


def test_repeated_words_count_each_time(make_task) -> None:
    rows = examples(["no " * 9 + "pain", "no pain at all since the last visit then"])
    assert not list_near_copies(rows_of(make_task, rows)).within


def test_leaks_across_splits_are_told_from_near_duplicates_within(make_task) -> None:
    originals = Vocabulary().texts(200, 36)
    leaked = [replace_words(text, 3, f"n{i}") for i, text in enumerate(originals[:5])]
    within = [replace_words(text, 3, f"m{i}") for i, text in enumerate(originals[100:104])]
    rows = rows_of(make_task, examples([*originals, *within]), test=examples([*Vocabulary(5).texts(95, 36), *leaked], prefix="test"))
    findings = find_near_copies(rows)
    leaks, near = find(findings, "near_leaks"), find(findings, "near_duplicates")
    assert leaks is not None and near is not None
    assert (leaks.count, leaks.of, leaks.severity, leaks.splits) == (5, 100, "spoils", {"test": 5})
    assert {(row.row.id, row.other.id) for row in leaks.rows if row.other} == {(f"test{95 + i}", f"row{i}") for i in range(5)}
    assert (near.count, near.splits) == (4, {"train": 4})


def test_few_leaks_are_a_warning(make_task) -> None:
    originals = Vocabulary().texts(200, 36)
    test = [*Vocabulary(5).texts(199, 36), replace_words(originals[0], 1, "n")]
    (finding,) = find_near_copies(rows_of(make_task, examples(originals), test=examples(test, prefix="test")))
    assert (finding.code, finding.severity, finding.count) == ("near_leaks", "warns", 1)


def test_questions_on_one_passage_are_not_near_duplicates(make_task) -> None:
    """Each input must be similar, not all of them together."""
    vocabulary = Vocabulary()
    passage = vocabulary.text(200)
    rows = [Example(f"q{i}", {"question": vocabulary.text(8), "context": passage}, ("a",)) for i in range(40)]
    twice = Example("q40", {"question": rows[0].inputs["question"].upper() + " ?!", "context": passage + " indeed"}, ("a",))
    found = list_near_copies(rows_of(make_task, [*rows, twice], kind="qa"))
    assert found.within.keys() == {40}


def test_many_texts_from_one_template_take_no_longer_than_others(make_task) -> None:
    """All rows resemble each other: the pairs would be quadratic, but each row needs one."""
    head = Vocabulary().text(40)
    found = list_near_copies(rows_of(make_task, examples([f"{head} number{i}" for i in range(3000)])))
    assert len(found.within) > 2900


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ("a b c d", "D, C, b & A!", 1.0),
        ("the cat", "the dog", 1 / 2),
        ("I don't", "i don't", 1.0),
        ("我今天去北京看病", "我今天去北京看病", 1.0),
        ("!!!", "???", 0.0),
    ],
)
def test_similarity_is_the_share_of_common_words(one: str, other: str, similarity: float) -> None:
    sets = WordSets([one, other])
    (value,) = sets.similarity(*([0], [1]))
    assert value == pytest.approx(similarity)


def test_similarity_agrees_with_sets_of_python() -> None:
    generator = random.Random(3)
    texts = [" ".join(generator.choices("abcdefghijklm", k=generator.randint(0, 12))) for _ in range(60)]
    sets = WordSets(texts)
    for _ in range(200):
        i, j = generator.randrange(60), generator.randrange(60)
        one, other = split_words(texts[i]), split_words(texts[j])
        expected = 2 * len(one & other) / (len(one) + len(other)) if one | other else 0.0
        assert sets.similarity([i], [j])[0] == pytest.approx(expected)


def test_scripts_without_spaces_are_compared_by_pairs_of_characters(make_task) -> None:
    text = "患者今天早上开始出现发热和咳嗽没有胸痛也没有呼吸困难既往体健否认药物过敏史"
    rows = rows_of(make_task, examples([text, text + "了", *Vocabulary().texts(5)]))
    assert list_near_copies(rows).within.keys() == {1}


@pytest.mark.parametrize("texts", [[], ["only one"], ["", ""], ["!", "?"], ["x" * 2_000_000, "y " * 500_000]])
def test_odd_rows_are_no_trouble(make_task, texts: list[str]) -> None:
    assert find_near_copies(rows_of(make_task, examples(texts))) == []
