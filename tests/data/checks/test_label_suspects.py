"""Changed labels are found, sound ones are left alone, and nothing is said where words do not tell the label."""

from __future__ import annotations

import csv
import random

import pytest
from places import SHARED
from planted import Vocabulary, examples

from harness.data.checks import CheckedRows
from harness.data.checks.label_suspects import find_label_suspects

BANKING = SHARED / "data" / "banking77" / "test.csv"


def suspects(make_task, texts, labels):
    """The rows by number, all of them, and the finding."""
    rows = CheckedRows(make_task(path="rows.csv", kind="classification"), {"train": examples(texts, labels), "validation": [], "test": []})
    findings = find_label_suspects(rows)
    return findings[0] if findings else None


def with_changed_labels(labels, share, seed=0):
    """The labels with some of them exchanged for another one, and the rows of these."""
    generator = random.Random(seed)
    changed = {row for row in range(len(labels)) if generator.random() < share}
    names = sorted(set(labels))
    return [generator.choice([n for n in names if n != label]) if row in changed else label for row, label in enumerate(labels)], changed


def topics(count: int = 600, labels: int = 4):
    """Texts of which a third is about their topic."""
    vocabulary = Vocabulary(4)
    about = [vocabulary.text(80).split() for _ in range(labels)]
    names = [f"topic {i % labels}" for i in range(count)]
    return [f"{vocabulary.text(12)} {' '.join(vocabulary.random.sample(about[i % labels], 6))}" for i in range(count)], names


def test_planted_changes_are_found_with_the_label_that_was(make_task) -> None:
    texts, labels = topics()
    noisy, changed = with_changed_labels(labels, 0.05)
    finding = suspects(make_task, texts, noisy)
    assert finding is not None
    found = {int(row.row.id.removeprefix("row")): row for row in finding.rows}
    assert len(found.keys() & changed) >= 0.85 * len(changed)
    assert len(found.keys() & changed) >= 0.85 * len(found)
    assert all(found[row].value == noisy[row] for row in found.keys() & changed)
    assert sum(found[row].expected == labels[row] for row in found.keys() & changed) >= 0.9 * len(found.keys() & changed)


def test_sound_labels_give_no_finding(make_task) -> None:
    texts, labels = topics()
    finding = suspects(make_task, texts, labels)
    assert finding is None or finding.count <= 3


def test_labels_that_words_do_not_tell_give_no_finding(make_task) -> None:
    texts = Vocabulary().texts(300)
    assert suspects(make_task, texts, [random.Random(i).choice("abc") for i in range(300)]) is None
    assert suspects(make_task, ["..."] * 300, ["a", "b"] * 150) is None
    assert suspects(make_task, texts[:20], ["a", "b"] * 10) is None
    assert suspects(make_task, texts, ["a"] * 300) is None


@pytest.mark.skipif(not BANKING.is_file(), reason="../shared/data is not here")
def test_changes_in_published_data_are_found(make_task) -> None:
    """3,080 questions in 77 classes, of which 5% get another label. Some published labels are wrong, so precision is a lower bound."""
    with BANKING.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    noisy, changed = with_changed_labels([row["category"] for row in rows], 0.05, seed=1)
    finding = suspects(make_task, [row["text"] for row in rows], noisy)
    assert finding is not None
    found = {int(row.row.id.removeprefix("row")) for row in finding.rows}
    assert len(found & changed) >= 0.9 * len(changed)
    assert len(found & changed) >= 0.5 * len(found)
