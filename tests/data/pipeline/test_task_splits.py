"""`load_splits`: given splits, limits and the digest."""

from __future__ import annotations

from pathlib import Path

from message_checks import assert_contains

from harness.data import load_splits

GOOD = "input,target\n" + "".join(f"text {i},summary {i}\n" for i in range(20))


def csv_of(rows, header="input,target"):
    return header + "\n" + "".join(",".join(row) + "\n" for row in rows)


MANY = [(f"text {i}", f"sum {i}") for i in range(200)]


def texts(examples):
    return [e.inputs["input"] for e in examples]


def test_absolute_paths_work_and_are_not_in_the_report(tmp_path, make_task):
    (tmp_path / "visits.csv").write_text(GOOD)
    splits = load_splits(make_task(path=str(tmp_path / "visits.csv")), folder=Path("/nowhere"))
    assert splits.report.origin["file"] == "visits.csv"
    assert len(splits.report.origin["file sha256"]) == 64
    assert str(tmp_path) not in str(splits.report)


def test_limit_below_one_is_refused(refused):
    assert_contains(refused(GOOD, limit=0), "limit must be at least 1, not 0")


def test_given_files_without_validation_use_a_tenth_of_train(load):
    splits = load({"train": csv_of(MANY), "test": csv_of([("other", "x")])})
    assert splits.report.sizes == {"train": 180, "validation": 20, "test": 1}
    assert splits.report.origin["train"] == "train.csv"


def test_limits_are_nested_samples(load):
    full, hundred, fifty = (load(csv_of(MANY), limit=n) for n in (None, 100, 50))
    assert set(texts(fifty.train)) < set(texts(hundred.train)) < set(texts(full.train))
    assert texts(fifty.train) != texts(full.train)[:50], "not the first rows"
    assert texts(hundred.train) == [t for t in texts(full.train) if t in set(texts(hundred.train))], "in file order"
    assert fifty.report.sizes == {"train": 50, "validation": 20, "test": 20}
    assert fifty.report.sampled_from == {"train": 160, "validation": 20, "test": 20}
    assert load(csv_of(MANY), limit=50) == fifty
    assert texts(load(csv_of(MANY), limit=50, limit_seed=1).train) != texts(fifty.train)


def test_digest_depends_on_the_content_only(load):
    base = load(csv_of(MANY))
    assert load(csv_of(MANY), name="renamed.csv").digest == base.digest
    assert load(csv_of([*MANY[:-1], (MANY[-1][0], "another target")])).digest != base.digest
    assert load(csv_of([(*row, f"g{i}") for i, row in enumerate(MANY)], "input,target,group")).digest != base.digest


def test_paths_are_relative_to_the_folder(tmp_path: Path, make_task):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.csv").write_text(csv_of(MANY))
    assert load_splits(make_task(path="deep/a.csv"), folder=tmp_path) == load_splits(make_task(path="a.csv"), folder=tmp_path / "deep")


def test_report_counts_training_labels_but_keeps_no_training_text(load):
    spam = [(f"text {i}", "spam" if i % 10 == 0 else "ham") for i in range(100)]
    assert dict(load(csv_of(spam), kind="classification").report.training_answers) == {"ham": 72, "spam": 8}
    assert dict(load(csv_of(spam), kind="classification", limit=20).report.training_answers) == {"ham": 18, "spam": 2}
    texts_report = load(csv_of(MANY)).report
    assert (dict(texts_report.training_answers), texts_report.training_words) == ({}, 2)
    repeated = load(csv_of([(f"text {i}", "no findings" if i % 2 else f"finding {i}") for i in range(100)])).report
    assert list(repeated.training_answers) == ["no findings"]
