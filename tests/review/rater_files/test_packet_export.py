"""What the raters get: blind, in every format, and harmless whatever the models wrote."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from raters import Export
from report_factory import HOSTILE, Made, make_run, summarization

from harness.api import review_export
from harness.errors import BenchError
from harness.review import FORMATS
from harness.review.rater_files.file_columns import COMMENT, CORRECTED, ITEM, KINDS_TAG, OUTPUT, PACKET, RATER, REFERENCE
from harness.store import StoredRun
from harness.types import ReviewSpec, ScaleSpec

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def unpack_content(page: str) -> dict[str, Any]:
    (packed,) = re.findall(r'<template id="content">([A-Za-z0-9+/=]+)</template>', page.replace("&#43;", "+"))
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return content


def read_all_text(path: Path) -> str:
    """All text in a file, unpacked."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        return "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None)
    text = path.read_text(encoding="utf-8")
    return text + json.dumps(unpack_content(text)) if path.suffix == ".html" else text


def test_raters_files_do_not_reveal_strategies(export: Export, run: StoredRun) -> None:
    exported = export(("base", "lora", "qlora"), raters=2, formats=FORMATS)
    assert len(exported.files) == 2 * 5 + 2
    key = (exported.folder / "key.json").read_text()
    assert "qlora" in key and exported.folder not in [path.parent for path in exported.files]
    for path in exported.files:
        text = read_all_text(path)
        assert not re.search(r"\b(base|lora|qlora)\b", text.replace("base-uri", "")), path.name
        for cell in exported.key.cells.values():
            assert cell not in text


def test_every_format_shows_the_same_items_in_the_same_order(export: Export) -> None:
    exported = export(formats=FORMATS, with_reference=True)
    ids = [j.id for j in exported.packet.items]
    html, xlsx, table, studio, argilla, _, _ = exported.files
    assert [item["id"] for item in unpack_content(html.read_text())["items"]] == ids
    assert [row[0].value for row in openpyxl.load_workbook(xlsx).worksheets[0].iter_rows(min_row=2)] == ids
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert [row["item"] for row in rows] == ids
    assert [task["data"]["item"] for task in json.loads(studio.read_text())] == ids
    assert [record["id"] for record in json.loads(argilla.read_text())] == ids
    content = unpack_content(html.read_text())
    for row, item in zip(rows, content["items"], strict=True):
        texts = [content["texts"][k] for k in item["outputs"]]
        assert [row["output A"], row["output B"]] == texts and row["reference"] == content["texts"][item["reference"]]


def test_hostile_texts_stay_text_in_every_format(hostile: StoredRun) -> None:
    exported = review_export(hostile.path, ("base", "lora"), n=8, formats=FORMATS)
    html, xlsx, table, studio, argilla, config, _ = exported.files
    page = html.read_text(encoding="utf-8")
    assert "<img" not in page and page.count("<script>") == 1 and "default-src 'none'" in page.replace("&#39;", "'")
    assert not UNSEEN.search(json.dumps(unpack_content(page), ensure_ascii=False))
    for row in openpyxl.load_workbook(xlsx).worksheets[0].iter_rows(min_row=2):
        assert all(cell.data_type in ("s", "n") for cell in row)  # never "f", a formula
        assert not any(cell.value and UNSEEN.search(str(cell.value)) for cell in row)
    for cells in csv.reader(io.StringIO(table.read_text(encoding="utf-8-sig"))):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    shown = json.loads(studio.read_text())[0]["data"]["input"]
    assert "<img" in shown and "\u202e" not in shown  # a text of its own, which Label Studio shows as such
    assert not UNSEEN.search(json.dumps(json.loads(argilla.read_text()), ensure_ascii=False))
    ET.fromstring(config.read_text())  # the config holds none of it
    assert HOSTILE[:20] not in config.read_text()


def test_workbook_has_drop_down_lists_with_the_answers(export: Export) -> None:
    exported = export(mode="errors", formats=["xlsx"])
    book = openpyxl.load_workbook(exported.files[0])
    sheet, lists = book.worksheets[0], book["answers"]
    assert lists.sheet_state == "hidden"
    header = [cell.value for cell in sheet[1]]
    by_column = {str(check.sqref).split(":")[0].rstrip("0123456789"): check.formula1 for check in sheet.data_validations.dataValidation}
    letter = openpyxl.utils.get_column_letter(header.index("severity") + 1)
    assert by_column[letter] == "'answers'!$A$1:$A$3" or by_column[letter] == "answers!$A$1:$A$3"
    assert [lists.cell(k, 1).value for k in (1, 2, 3)] == ["none", "minor", "critical"]
    assert f"error: {exported.packet.questions.errors[0]}" in header


def test_label_studio_config_offers_all_preferences(export: Export) -> None:
    exported = export(formats=["label-studio"])
    config = ET.fromstring(exported.files[-1].read_text())
    (choices,) = [tag for tag in config.iter("Choices") if tag.get("name") == "preference"]
    assert [choice.get("value") for choice in choices] == ["A", "B", "tie", "both bad"]
    names = {tag.get("name") for tag in config.iter("Text")}
    assert {tag.get("toName") for tag in config.iter() if tag.get("toName")} <= names


def test_packet_depends_on_the_request_and_its_seed(export: Export) -> None:
    one, again, other = export(), export(formats=["csv"]), export(seed=1)
    assert one.packet == again.packet and one.key == again.key
    assert other.packet.id != one.packet.id
    assert one.files[0].is_file(), "what may be out already is still there"


def test_questions_come_from_the_task_or_from_a_file(export: Export, tmp_path: Path) -> None:
    file = tmp_path / "asked.yaml"
    file.write_text(
        "name: asked\nkind: summarization\ndata: {path: x.csv}\n"
        "review:\n  preference: Which would you sign?\n"
        "  scales: [{name: safety, question: 'Is it safe?', answers: [never, unsure, always]}]\n"
    )
    exported = export(mode="scales", questions=str(file), formats=["html"])
    content = unpack_content(exported.files[0].read_text())
    assert content["questions"] == [{"name": "safety", "text": "Is it safe?", "answers": ["never", "unsure", "always"]}]
    assert "errors" in exported.packet.questions.model_dump() and exported.packet.questions.errors[0] == "wrong drug or dose", (
        "as the kind has it"
    )


def test_stored_scores_of_another_version_do_not_choose_examples(export: Export, run: StoredRun) -> None:
    """Stored scores are used only if this version's metric computed them; otherwise outputs are scored again."""
    chosen = [sorted(export(sample="hardest", n=10).key.inclusion_probabilities)]
    for cell in run.cells:
        turned = [replace(p, scores={name: -(own or 0.0) for name, own in p.scores.items()}) for p in run.predictions(cell.id)]
        run.folder.cell(cell.id).write_result(replace(run.results[cell.id], signatures={}), turned)
    run.folder.seal()
    chosen.append(sorted(export(sample="hardest", n=10, of=StoredRun(run.folder)).key.inclusion_probabilities))
    assert chosen[0] == chosen[1]


def test_samples_can_prefer_disagreement_low_scores_or_a_slice(export: Export) -> None:
    for how in ("disagreement", "low-score", "slice:ward=north"):
        exported = export(sample=how, n=20)
        assert len(set(exported.key.inclusion_probabilities.values())) > 1 and exported.key.representative
    north = {f"row-{i}" for i in range(0, 60, 6)}
    assert {exported.key.inclusion_probabilities[row] for row in exported.key.inclusion_probabilities if row in north} == {
        max(exported.key.inclusion_probabilities.values())
    }
    assert not export(sample="hardest").key.representative


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"strategies": ("base", "lorra")}, "lorra"),
        ({"strategies": ("base",)}, "needs at least two strategies"),
        ({"strategies": ("base", "base")}, "is named twice"),
        ({"task": "nothing"}, "no task 'nothing'"),
        ({"sample": "randm"}, "Did you mean 'random'"),
        ({"sample": "slice:wrd=north"}, "Did you mean 'ward'"),
        ({"sample": "slice:ward=nort"}, "Did you mean 'north'"),
        ({"raters": "anna,Anna"}, "is named twice"),
        ({"raters": "../anna"}, "cannot be part of a file name"),
        ({"raters": "0"}, "1 to 100 raters"),
        ({"overlap": 3, "raters": 2}, "there are only 2 raters"),
        ({"against": "qlora"}, "must be one of base, lora"),
        ({"mode": "pairwize"}, "Did you mean 'pairwise'"),
        ({"questions": "nothing.yaml"}, "nothing.yaml"),
        ({"n": 2, "raters": 4, "overlap": 1}, "2 examples with 1 rater each cannot be shared among 4 raters"),
        ({"seed": -1}, 'seed="-1": must be 0 or greater'),
    ],
)
def test_invalid_requests_are_refused_and_nothing_is_written(export: Export, run: StoredRun, more: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=re.escape(message)):
        export(**more)
    assert not (run.path / "review").exists()


def test_cut_cell_says_how_much_is_missing(tmp_path: Path) -> None:
    cells = [Made("base", answer=lambda e, r: "\u200b" * 9000 + "END"), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: "short")]
    run = make_run(tmp_path / "run", [summarization(cells, rows=8)])
    exported = review_export(run.path, ("base", "lora"), n=4, formats=("xlsx",), repeats=0)
    sheet = openpyxl.load_workbook(exported.files[0]).worksheets[0]
    texts = [str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row if str(cell.value).startswith("⟦U+200B⟧")]
    assert len(texts) == 4
    for text in texts:
        left = re.search(r"… \[([\d,]+) more characters\]$", text)
        assert left and len(text) <= 32_767 and text.count("⟦") + int(left.group(1).replace(",", "")) == 9003


def test_scales_cannot_have_the_name_of_a_column() -> None:
    for name in ("annotator", "lead_time", "Corrected", "input", ITEM, PACKET, RATER, CORRECTED, COMMENT, OUTPUT, REFERENCE, KINDS_TAG):
        with pytest.raises(ValueError, match=f"a scale cannot be called '{name}'"):
            ReviewSpec(scales=(ScaleSpec(name=name, question="?", answers=("a", "b")),))
    assert ReviewSpec(scales=(ScaleSpec(name="input quality", question="?", answers=("a", "b")),))
