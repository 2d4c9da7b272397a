"""Importing returned files of every format."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from raters import Export, page_file, rating
from report_factory import Made, classification, make_run, summarization
from returned import RETURNED_FORMATS, fill_csv, load_answers, load_ratings, ratings_for

from harness.api import review_export, review_import
from harness.review import FORMATS, load_reviews
from harness.store import StoredRun


@pytest.mark.parametrize("mode", ["pairwise", "errors"])
@pytest.mark.parametrize("form", RETURNED_FORMATS)
def test_every_format_returns_the_answers(export: Export, run: StoredRun, form: str, mode: str) -> None:
    exported = export(mode=mode, formats=FORMATS)
    ratings = ratings_for(exported)
    name, fill = RETURNED_FORMATS[form]
    (path,) = [
        p for p in exported.files if (p.suffix == f".{name}" or p.name.startswith(name)) and not re.search("config|settings", p.name)
    ]
    (imported,) = review_import(run.path, [fill(path, exported, ratings)])
    assert (imported.new, imported.rejected) == (len(ratings), ())
    expected = {
        (item, exported.packet.raters[0]): (one["answers"], tuple(one["kinds"]), one["corrected"], one["comment"])
        for item, one in ratings.items()
    }
    assert load_answers(run) == expected


def test_page_file_returns_times(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export()
    ratings = ratings_for(exported)
    review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", list(ratings.values()))])
    recorded = load_ratings(run)
    assert {item: r.seconds for (item, _), r in recorded.items()} == {item: one["seconds"] for item, one in ratings.items()}
    assert {r.answered_at for r in recorded.values()} == {"2026-03-02T10:00:00.000+00:00"}


def test_importing_a_file_again_changes_nothing(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export()
    file = page_file(tmp_path, exported.packet, "rater-1", list(ratings_for(exported).values()))
    review_import(run.path, [file])
    before = {p: p.read_bytes() for p in run.path.rglob("review/**/*.json")}
    copy = tmp_path / "copy of it.json"
    copy.write_bytes(file.read_bytes())
    assert [one.already_imported for one in review_import(run.path, [file, copy, copy])] == [True, True, True]
    assert {p: p.read_bytes() for p in run.path.rglob("review/**/*.json")} == before


def test_later_answer_counts_and_all_stay_on_record(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export()
    item = exported.packet.items[0].id
    first = rating(item, {"preference": "A"}, answered_at="2026-03-02T10:00:00Z")
    later = rating(item, {"preference": "tie"}, answered_at="2026-03-02T12:00:00+01:00")  # 11:00 in UTC
    oldest = rating(item, {"preference": "B"}, answered_at="2026-03-01T10:00:00Z")
    for number, one in enumerate([first, later, oldest]):
        (imported,) = review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", [one], f"{number}.json")])
        counts = (imported.new, imported.replaced, imported.unchanged, imported.outdated)
        assert counts == [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)][number]
    assert load_ratings(run)[item, "rater-1"].answers == {"preference": "tie"}
    (review,) = load_reviews(run)
    assert review.replaced == 2
    assert len(list(exported.folder.glob("imports/*.json"))) == 3


def test_unanswered_rows_are_neither_ratings_nor_errors(export: Export, run: StoredRun) -> None:
    exported = export(formats=["csv"])
    ratings = dict(list(ratings_for(exported).items())[:5])
    (imported,) = review_import(run.path, [fill_csv(exported.files[0], exported, ratings)])
    assert (imported.new, imported.unanswered, imported.rejected) == (5, len(exported.packet.items) - 5, ())


def test_corrected_texts_lose_the_changes_made_for_display(tmp_path: Path) -> None:
    """Symbols for invisible characters, and the apostrophe before a formula, are changed back."""
    hebrew = "\u05e9\u05dc\u05d5\u05dd\u200f 5 mg\u00ad"
    cells = [Made("base", answer=lambda e, r: hebrew), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: "- take 5 mg")]
    run = make_run(tmp_path / "run", [summarization(cells, rows=8)])
    exported = review_export(run.path, ("base", "lora"), n=6, mode="errors", repeats=0, formats=["html", "csv"])
    shown = {row["item"]: row["output"] for row in csv.DictReader(io.StringIO(exported.files[1].read_text(encoding="utf-8-sig")))}
    ratings = {item: rating(item, {"severity": "minor"}, corrected=text.replace("5", "6")) for item, text in shown.items()}
    unchanged, cut, *_ = ratings
    ratings[unchanged]["corrected"] = shown[unchanged]
    ratings[cut]["corrected"] = "it goes on… [12 more characters]"
    (imported,) = review_import(run.path, [fill_csv(exported.files[1], exported, ratings)])
    assert len(imported.rejected) == 1 and "the mark of a text that was shortened" in imported.rejected[0]
    corrections = {item: r.corrected for (item, _), r in load_ratings(run).items()}
    assert corrections.pop(unchanged) is None, "taken over as it is, nothing was corrected"
    assert set(corrections.values()) == {hebrew.replace("5", "6"), "- take 6 mg"}


def test_correction_of_a_label_must_be_a_label(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)], rows=20)])
    exported = review_export(run.path, ("base", "lora"), n=6, mode="errors", repeats=0)
    label = run.plan.tasks["intents"].labels[1]
    items = [j.id for j in exported.packet.items]
    given = [f" {label.upper()}\n", "I don't know"]
    ratings = [rating(item, {"severity": "minor"}, corrected=text) for item, text in zip(items, given, strict=False)]
    (imported,) = review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", ratings)])
    assert imported.new == 1 and "'I don't know' is not a label" in imported.rejected[0]
    assert {r.corrected for r in load_ratings(run).values()} <= {label, None}


def test_file_with_rows_of_two_packets_is_imported_completely(export: Export, run: StoredRun, tmp_path: Path) -> None:
    """Also if the second packet's ratings could not be recorded the first time."""
    packets = [export(formats=["csv"]), export(formats=["csv"], seed=1)]
    texts = [
        fill_csv(exported.files[0], exported, ratings_for(exported)).read_text(encoding="utf-8-sig").split("\n", 1) for exported in packets
    ]
    both = tmp_path / "both.csv"
    both.write_text(texts[0][0] + "\n" + texts[0][1] + texts[1][1])
    (first,) = review_import(run.path, [both])
    assert first.new == sum(len(exported.packet.items) for exported in packets)
    next((packets[1].folder / "imports").iterdir()).unlink()
    (second,) = review_import(run.path, [both])
    assert (second.new, second.unchanged) == (len(packets[1].packet.items), len(packets[0].packet.items))


def test_ids_never_look_like_numbers(export: Export) -> None:
    for seed in range(30):
        exported = export(seed=seed, formats=["html"])
        assert all(name[0].isalpha() for name in [exported.packet.id, *(j.id for j in exported.packet.items)])
