"""The page of rows to label: answered in a browser, and read back into training rows."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harness.api import save_labelled_rows
from harness.errors import BenchError
from harness.reporting import render_row_page
from harness.review import RowPage, RowToLabel, read_row_page
from tests.store.test_damage import DAMAGES

HOSTILE = "</template><img src=x onerror=alert(1)>"
TEXTS = ["my card has not arrived", HOSTILE, "how do I change my pin", "\u202egniht"]
LABELS = ("card", "pin & <b>", "refund")


def make_page(folder: Path, labels: tuple[str, ...] = LABELS, suggestions: tuple[str, ...] = ()) -> Path:
    rows = [RowToLabel({"ticket": i, "text": text, "intent": ""}, {"input": text}, suggestions) for i, text in enumerate(TEXTS)]
    path = folder / "to-label.html"
    page = RowPage("intent", labels, tuple(rows))
    path.write_text(render_row_page(page, task="intents", instructions="Name the intent.", answers_file="to-label.answers.json"), "utf-8")
    return path


def write_answers(folder: Path, page: Path, *answers: Any, **changes: Any) -> Path:
    path = folder / "answers.json"
    path.write_text(json.dumps({"bench_labels": 1, "page": read_row_page(page).digest, "answers": answers, **changes}), "utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_answers_become_rows_with_every_column_and_the_label(tmp_path: Path) -> None:
    page = make_page(tmp_path)
    answers = write_answers(tmp_path, page, {"row": 3, "label": LABELS[1]}, {"row": 2, "unanswerable": True}, {"row": 1, "label": "card"})
    made = save_labelled_rows(page, answers, tmp_path / "labelled.jsonl")
    assert (made.rows, made.unanswered, made.unanswerable, made.target) == (2, 1, 1, "intent")
    assert read_lines(made.path) == [
        {"ticket": 0, "text": TEXTS[0], "intent": "card"},
        {"ticket": 2, "text": TEXTS[2], "intent": LABELS[1]},
    ]
    assert made.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values | {"page": "0" * 64}, "the answers of another page"),
        (lambda values: values | {"answers": [*values["answers"], {"row": 1, "label": "pin"}]}, "answers row 1 twice"),
        (lambda values: values | {"answers": [*values["answers"], {"row": 1, "unanswerable": True}]}, "answers row 1 twice"),
        (lambda values: values | {"answers": [{"row": 1, "label": "crad"}]}, "row 1: the task has no label 'crad'. Did you mean 'card'"),
        (lambda values: values | {"answers": [{"row": 5, "label": "card"}]}, "answers row '5', but the page has 4 rows"),
        (lambda values: values | {"answers": [{"row": 1, "label": "card", "unanswerable": True}]}, "is damaged"),
        (lambda values: values | {"answers": [{"row": True, "label": "card"}]}, "is damaged"),
        (lambda values: values | {"answers": [{"row": 1, "unanswerable": True}]}, "has no label"),
        (lambda values: values["answers"], "is not a file of answers"),
    ],
)
def test_answers_that_do_not_fit_write_nothing(tmp_path: Path, change: Callable[[Any], Any], message: str) -> None:
    page = make_page(tmp_path)
    answers = write_answers(tmp_path, page, {"row": 1, "label": "card"})
    answers.write_text(json.dumps(change(json.loads(answers.read_text("utf-8")))), "utf-8")
    with pytest.raises(BenchError) as raised:
        save_labelled_rows(page, answers, tmp_path / "labelled.jsonl")
    assert message in str(raised.value) and str(answers) in str(raised.value)
    assert not (tmp_path / "labelled.jsonl").exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_page_is_refused_or_has_the_same_rows(tmp_path: Path, damage: str) -> None:
    page = make_page(tmp_path)
    content, rows = page.read_bytes(), read_row_page(page)
    draw = random.Random(damage)
    for _ in range(40):
        page.write_bytes(DAMAGES[damage](content, draw))
        with suppress(BenchError):
            again = read_row_page(page)
            assert (again.target, again.labels) == (rows.target, rows.labels)
            assert [row.columns for row in again.rows] == [row.columns for row in rows.rows]


def open_page(context: Any, path: Path) -> Any:
    page = context.new_page()
    page.goto(path.as_uri())
    page.locator("h2").wait_for()
    return page


def save_answers(page: Any, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my answers").click()
    target = folder / download.value.suggested_filename
    download.value.save_as(target)
    return target


@pytest.mark.browser
def test_labels_by_keyboard_survive_a_reload_and_are_saved(context: Any, tmp_path: Path) -> None:
    file = make_page(tmp_path)
    page = open_page(context, file)
    assert "Name the intent." in page.locator("main").inner_text()
    page.keyboard.press("2")
    page.keyboard.press("n")
    assert HOSTILE in page.locator(".text").inner_text() and page.locator("img").count() == 0
    page.keyboard.press("0")
    page.reload()
    page.locator("h2").wait_for()
    assert page.locator("h2").inner_text() == "Row 2 of 4", "where the person was"
    assert page.get_by_role("status").first.inner_text().startswith("2 of 4 answered")
    page.keyboard.press("u")
    page.get_by_role("radio", name="refund").check()
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    assert page.locator(".message").inner_text() == "All rows are answered. Save your answers."
    answers = save_answers(page, tmp_path)
    assert answers.name == "to-label.answers.json"
    made = save_labelled_rows(file, answers, tmp_path / "labelled.csv")
    assert (made.rows, made.unanswered, made.unanswerable) == (3, 0, 1)
    save_labelled_rows(file, answers, tmp_path / "labelled.jsonl")
    assert [row["intent"] for row in read_lines(tmp_path / "labelled.jsonl")] == [LABELS[1], "refund", "card"]
    assert [row["text"] for row in read_lines(tmp_path / "labelled.jsonl")] == [TEXTS[0], *TEXTS[2:]], "as the source has them"


@pytest.mark.browser
def test_texts_are_written_or_taken_from_a_suggestion(context: Any, tmp_path: Path) -> None:
    file = make_page(tmp_path, labels=(), suggestions=("the card is late",))
    page = open_page(context, file)
    page.get_by_role("button", name="Start from suggestion 1").click()
    page.get_by_label("The answer").press_sequentially(" again, n0")
    page.get_by_label("The answer").press("Control+Enter")
    page.get_by_label("The answer").fill("hostile")
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("checkbox").check()
    assert page.get_by_label("The answer").is_disabled()
    answers = save_answers(page, tmp_path)
    assert "1 of 4 rows is not answered yet." in page.locator(".message").inner_text()
    made = save_labelled_rows(file, answers, tmp_path / "labelled.jsonl")
    assert (made.rows, made.unanswered, made.unanswerable) == (2, 1, 1)
    assert [row["intent"] for row in read_lines(made.path)] == ["the card is late again, n0", "hostile"]
    other = open_page(context.browser.new_context(), file)
    other.locator("input[type=file]").set_input_files(answers)
    other.get_by_text("Loaded 3 answers from the file").wait_for()
    other.context.close()


@pytest.mark.browser
def test_many_labels_are_searched(context: Any, tmp_path: Path) -> None:
    page = open_page(context, make_page(tmp_path, labels=tuple(f"label {i:02}" for i in range(77))))
    page.get_by_label("Find a label").fill("l 5")
    assert page.locator(".answers:not(.neither) label:visible").count() == 10
    page.get_by_label("Find a label").press("Enter")
    assert page.locator(":checked").get_attribute("value") == "label 50"
