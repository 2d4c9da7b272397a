"""What comes back in each format, good and bad."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from raters import Export, page_file, rating
from report_factory import Made, classification, make_run, summarization
from returned import FORMS, fill_csv, ratings_for, ratings_of, said

from harness.api import review_export, review_import
from harness.review import FORMATS, load_reviews
from harness.store import StoredRun


@pytest.mark.parametrize("mode", ["pairwise", "errors"])
@pytest.mark.parametrize("form", FORMS)
def test_every_format_brings_back_what_was_answered(export: Export, run: StoredRun, form: str, mode: str) -> None:
    made = export(mode=mode, formats=FORMATS)
    ratings = ratings_for(made)
    name, fill = FORMS[form]
    (path,) = [p for p in made.files if (p.suffix == f".{name}" or p.name.startswith(name)) and "config" not in p.name]
    (imported,) = review_import(run.path, [fill(path, made, ratings)])
    assert (imported.new, imported.rejected) == (len(ratings), ())
    expected = {
        (item, made.packet.raters[0]): (one["answers"], tuple(one["kinds"]), one["corrected"], one["comment"])
        for item, one in ratings.items()
    }
    assert said(run) == expected


def test_the_page_brings_back_times_as_well(export: Export, run: StoredRun, tmp_path: Path) -> None:
    made = export()
    ratings = ratings_for(made)
    review_import(run.path, [page_file(tmp_path, made.packet, "rater-1", list(ratings.values()))])
    found = ratings_of(run)
    assert {item: r.seconds for (item, _), r in found.items()} == {item: one["seconds"] for item, one in ratings.items()}
    assert {r.answered_at for r in found.values()} == {"2026-03-02T10:00:00.000+00:00"}


def test_the_same_file_twice_changes_nothing(export: Export, run: StoredRun, tmp_path: Path) -> None:
    made = export()
    file = page_file(tmp_path, made.packet, "rater-1", list(ratings_for(made).values()))
    review_import(run.path, [file])
    before = {p: p.read_bytes() for p in run.path.rglob("review/**/*.json")}
    copy = tmp_path / "copy of it.json"
    copy.write_bytes(file.read_bytes())
    assert [one.already_imported for one in review_import(run.path, [file, copy, copy])] == [True, True, True]
    assert {p: p.read_bytes() for p in run.path.rglob("review/**/*.json")} == before


def test_a_later_answer_counts_and_both_stay_on_record(export: Export, run: StoredRun, tmp_path: Path) -> None:
    made = export()
    item = made.packet.items[0].id
    first = rating(item, {"preference": "A"}, answered_at="2026-03-02T10:00:00Z")
    later = rating(item, {"preference": "tie"}, answered_at="2026-03-02T12:00:00+01:00")  # 11:00 in UTC
    oldest = rating(item, {"preference": "B"}, answered_at="2026-03-01T10:00:00Z")
    for number, one in enumerate([first, later, oldest]):
        (imported,) = review_import(run.path, [page_file(tmp_path, made.packet, "rater-1", [one], f"{number}.json")])
        found = (imported.new, imported.replaced, imported.unchanged, imported.outdated)
        assert found == [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)][number]
    assert ratings_of(run)[item, "rater-1"].answers == {"preference": "tie"}
    (review,) = load_reviews(run)
    assert review.replaced == 2
    assert len(list(made.folder.glob("imports/*.json"))) == 3


def test_what_is_not_answered_yet_is_no_rating_and_no_error(export: Export, run: StoredRun) -> None:
    made = export(formats=["csv"])
    ratings = dict(list(ratings_for(made).items())[:5])
    (imported,) = review_import(run.path, [fill_csv(made.files[0], made, ratings)])
    assert (imported.new, imported.unanswered, imported.rejected) == (5, len(made.packet.items) - 5, ())


def test_texts_come_back_as_they_are_meant(tmp_path: Path) -> None:
    """What we changed to show them is changed back: unseen characters, the apostrophe before a formula."""
    hebrew = "\u05e9\u05dc\u05d5\u05dd\u200f 5 mg\u00ad"
    cells = [Made("base", answer=lambda e, r: hebrew), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: "- take 5 mg")]
    run = make_run(tmp_path / "run", [summarization(cells, rows=8)])
    made = review_export(run.path, ("base", "lora"), n=6, mode="errors", repeats=0, formats=["html", "csv"])
    shown = {row["item"]: row["output"] for row in csv.DictReader(io.StringIO(made.files[1].read_text(encoding="utf-8-sig")))}
    ratings = {item: rating(item, {"severity": "minor"}, corrected=text.replace("5", "6")) for item, text in shown.items()}
    unchanged, cut, *_ = ratings
    ratings[unchanged]["corrected"] = shown[unchanged]
    ratings[cut]["corrected"] = "it goes on… [12 more characters]"
    (imported,) = review_import(run.path, [fill_csv(made.files[1], made, ratings)])
    assert len(imported.rejected) == 1 and "the mark of a text that was shortened" in imported.rejected[0]
    found = {item: r.corrected for (item, _), r in ratings_of(run).items()}
    assert found.pop(unchanged) is None, "taken over as it is, nothing was corrected"
    assert set(found.values()) == {hebrew.replace("5", "6"), "- take 6 mg"}


def test_a_correction_of_a_label_is_a_label(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)], rows=20)])
    made = review_export(run.path, ("base", "lora"), n=6, mode="errors", repeats=0)
    label = run.plan.tasks["intents"].labels[1]
    items = [j.id for j in made.packet.items]
    given = [f" {label.upper()}\n", "I don't know"]
    ratings = [rating(item, {"severity": "minor"}, corrected=text) for item, text in zip(items, given, strict=False)]
    (imported,) = review_import(run.path, [page_file(tmp_path, made.packet, "rater-1", ratings)])
    assert imported.new == 1 and "'I don't know' is not a label" in imported.rejected[0]
    assert {r.corrected for r in ratings_of(run).values()} <= {label, None}


def test_a_file_with_rows_of_two_packets_is_taken_as_a_whole(export: Export, run: StoredRun, tmp_path: Path) -> None:
    """Also where the second of them could not be put on record the first time."""
    packets = [export(formats=["csv"]), export(formats=["csv"], seed=1)]
    texts = [fill_csv(made.files[0], made, ratings_for(made)).read_text(encoding="utf-8-sig").split("\n", 1) for made in packets]
    both = tmp_path / "both.csv"
    both.write_text(texts[0][0] + "\n" + texts[0][1] + texts[1][1])
    (first,) = review_import(run.path, [both])
    assert first.new == sum(len(made.packet.items) for made in packets)
    next((packets[1].folder / "imports").iterdir()).unlink()
    (second,) = review_import(run.path, [both])
    assert (second.new, second.unchanged) == (len(packets[1].packet.items), len(packets[0].packet.items))


def test_no_id_looks_like_a_number_to_a_spreadsheet(export: Export) -> None:
    for seed in range(30):
        made = export(seed=seed, formats=["html"])
        assert all(name[0].isalpha() for name in [made.packet.id, *(j.id for j in made.packet.items)])
