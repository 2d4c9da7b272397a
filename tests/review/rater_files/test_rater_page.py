"""A rater's page in a browser: rated by keyboard and mouse, closed, resumed, and downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from raters import Export

from harness.api import review_export, review_import
from harness.review import ExportedPacket, load_reviews
from harness.store import StoredRun

pytestmark = pytest.mark.browser


def open_page(context: Any, path: Path) -> Any:
    page = context.new_page()
    page.goto(path.as_uri())
    page.get_by_role("button", name="Start", exact=True).click()
    return page


def download_ratings(page: Any, folder: Path, name: str = "sent.json") -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my ratings").click()
    target = folder / name
    download.value.save_as(target)
    return target


def load_answers(run: StoredRun) -> dict[str, tuple[dict[str, str], tuple[str, ...], str | None, str]]:
    (review,) = load_reviews(run)
    return {r.item: (dict(r.answers), r.kinds, r.corrected, r.comment) for r in review.ratings}


def test_whole_packet_by_keyboard_with_a_reload(export: Export, run: StoredRun, context: Any, tmp_path: Path) -> None:
    exported = export()
    page = open_page(context, exported.files[0])
    items = [j.id for j in exported.packet.items]
    answers = [k % 4 for k in range(len(items))]
    for place, answer in enumerate(answers):
        if place == len(items) // 2:
            page.reload()
            page.locator("h2").wait_for()
            assert page.locator("h2").inner_text() == f"Item {place + 1} of {len(items)}"
            assert page.get_by_role("status").first.inner_text().startswith(f"{place} of {len(items)} rated")
        page.keyboard.press(str(answer + 1))
        page.keyboard.press("n" if place % 2 else "Enter")
    assert page.locator(".message").inner_text() == "All items are rated. Download your ratings and send the file back."
    (imported,) = review_import(run.path, [download_ratings(page, tmp_path)])
    assert imported.new == len(items) and not imported.rejected
    words = ("A", "B", "tie", "both bad")
    assert load_answers(run) == {item: ({"preference": words[k]}, (), None, "") for item, k in zip(items, answers, strict=True)}


def test_errors_by_mouse_with_a_corrected_version(export: Export, run: StoredRun, context: Any, tmp_path: Path) -> None:
    exported = export(mode="errors")
    page = open_page(context, exported.files[0])
    output = page.locator(".output .text").inner_text()
    kind = exported.packet.questions.errors[1]
    page.get_by_role("radio", name="critical").check()
    page.get_by_role("checkbox", name=kind).check()
    page.get_by_role("button", name="Start from this summary").click()
    page.get_by_label("Corrected version").press_sequentially("!")
    page.get_by_label("Comment").fill("1 and n are letters here")
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("button", name="Next unanswered").click()
    page.keyboard.press("1")
    page.keyboard.press("u")
    assert page.locator("h2").inner_text() == "Item 4 of 26"
    review_import(run.path, [download_ratings(page, tmp_path)])
    first, third = exported.packet.items[0].id, exported.packet.items[2].id
    assert load_answers(run) == {
        first: ({"severity": "critical"}, (kind,), output + "!", "1 and n are letters here"),
        third: ({"severity": "none"}, (), None, ""),
    }
    (review,) = load_reviews(run)
    assert all(r.seconds is not None and 0 <= r.seconds < 60 for r in review.ratings)


def test_no_error_and_a_kind_of_error_exclude_each_other(export: Export, context: Any, tmp_path: Path) -> None:
    page = open_page(context, export(mode="errors").files[0])
    kind = page.get_by_role("checkbox").first
    kind.check()
    page.get_by_role("radio", name="none").check()
    assert not kind.is_checked() and kind.is_disabled()
    assert page.locator(".message").inner_text() == "The kinds of errors were cleared: you chose that there is no error."
    sent = json.loads(download_ratings(page, tmp_path).read_text())
    assert [(rating["answers"], rating["kinds"]) for rating in sent["ratings"]] == [({"severity": "none"}, [])]
    page.get_by_role("radio", name="minor").check()
    assert kind.is_enabled()
    changed = {**sent, "ratings": [{**sent["ratings"][0], "kinds": ["wrong"], "answered_at": "2099-01-01T00:00:00Z"}]}
    file = {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps(changed).encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("Loaded 1 rating from the file").wait_for()
    assert page.locator(".kinds :checked").count() == 0, "neither does a file bring both"


def test_start_screen_says_what_raters_need_to_know_once(export: Export, context: Any) -> None:
    exported = export(mode="errors")
    page = context.new_page()
    page.goto(exported.files[0].as_uri())
    page.get_by_role("heading", name="Before you start").wait_for()
    text = page.locator("main").inner_text()
    assert f"You rate {len(exported.packet.items)} items." in text and "About " in text and "sends nothing" in text
    assert f"An error is critical if it {exported.packet.questions.critical}." in text
    page.keyboard.press("Enter")
    assert page.locator("h2").inner_text().startswith("Item 1 of ")
    assert "An error is critical if it" in page.locator("fieldset").first.inner_text(), "beside the question, too"
    page.keyboard.press("1")
    page.reload()
    page.locator("fieldset").first.wait_for()
    assert page.locator("h2").inner_text().startswith("Item 1 of ")


def test_one_button_stands_out_until_all_is_rated(export: Export, context: Any) -> None:
    page = open_page(context, export(n=2, repeats=0).files[0])
    primary = page.locator("nav button.main")
    assert primary.inner_text() == "Next"
    page.keyboard.press("1")
    page.keyboard.press("n")
    assert primary.inner_text() == "Next unanswered", "on the last item"
    page.keyboard.press("1")
    assert primary.inner_text() == "Download my ratings"


def test_words_that_only_one_text_has_are_marked(run: StoredRun, export: Export, context: Any) -> None:
    page = open_page(context, export().files[0])
    outputs = page.locator(".output .text")
    marks = [outputs.nth(k).locator("mark") for k in range(2)]
    words = [outputs.nth(k).inner_text().split() for k in range(2)]
    unmarked = page.evaluate(
        "[...document.querySelectorAll('.output .text')].map(t => [...t.childNodes].filter(n => n.nodeName !== 'MARK')"
        ".map(n => n.textContent).join(' ').split(/\\s+/).filter(Boolean))"
    )
    assert unmarked[0] == unmarked[1] and unmarked[0], "the rest is the same in both"
    assert all(mark.count() for mark in marks) and words[0] != words[1]
    page.get_by_label("Highlight words that only one text has").uncheck()
    page.keyboard.press("n")
    assert page.locator(".unmarked").count() == 1, "the choice holds for the next item"


def test_phone_shows_the_question_first_and_targets_are_large(export: Export, context: Any) -> None:
    exported = export(mode="errors")
    page = open_page(context, exported.files[0])
    assert not page.locator(".ask").is_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    question, text = page.locator(".ask").bounding_box(), page.locator(".text").first.bounding_box()
    assert question["y"] < text["y"]
    boxes = [(e.inner_text(), e.bounding_box()) for e in page.locator("button, .answers label, .file").all()]
    assert [name for name, box in boxes if box["height"] < 44] == []


def test_ratings_resume_in_another_browser_from_a_file(export: Export, browser: Any, context: Any, tmp_path: Path) -> None:
    exported = export()
    page = open_page(context, exported.files[0])
    for _ in range(3):
        page.keyboard.press("2")
        page.keyboard.press("n")
    file = download_ratings(page, tmp_path)
    second_browser = browser.new_context(accept_downloads=True)
    other = open_page(second_browser, exported.files[0])
    other.keyboard.press("1")
    other.locator("input[type=file]").set_input_files(file)
    other.get_by_text("Loaded 2 ratings from the file").wait_for()
    sent = json.loads(download_ratings(other, tmp_path, "other.json").read_text())
    assert [r["answers"]["preference"] for r in sent["ratings"]] == ["A", "B", "B"], "the later answer stays"
    other.locator("input[type=file]").set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b'{"bench_review": 1}'})
    other.get_by_text("belongs to another packet or another rater").wait_for()
    second_browser.close()


def test_enter_shows_the_next_item_except_on_a_button(export: Export, context: Any) -> None:
    page = open_page(context, export().files[0])
    page.get_by_text("both bad").click()
    page.keyboard.press("Enter")
    assert page.locator("h2").inner_text().startswith("Item 2 of ")
    page.get_by_role("button", name="Previous").focus()
    page.keyboard.press("Enter")
    assert page.locator("h2").inner_text().startswith("Item 1 of "), "on a button it presses the button"


@pytest.mark.parametrize(
    "own",
    [
        {"kinds": None, "answers": None, "comment": 7, "corrected": {"a": 1}, "seconds": "soon"},
        {"answers": {"severity": "fatal", "taste": "sweet"}, "kinds": ["none of ours"], "seconds": -5},
        {"answers": {"severity": "minor"}, "kinds": "wrong drug"},
        None,
        [],
    ],
)
def test_manipulated_file_does_not_break_the_page(export: Export, context: Any, tmp_path: Path, own: Any) -> None:
    exported = export(mode="errors")
    page = open_page(context, exported.files[0])
    item, about = exported.packet.items[0].id, {"bench_review": 1, "packet": exported.packet.id, "rater": "rater-1"}
    rating = {**own, "item": item, "answered_at": "2099-01-01T00:00:00Z"} if isinstance(own, dict) else own
    text = json.dumps({**about, "ratings": [rating, {"item": "unheard of"}]})
    page.locator("input[type=file]").set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": text.encode()})
    page.get_by_text("from the file.").wait_for()
    page.reload()  # what is kept in the browser does not break it either
    page.locator("h2").wait_for()
    if page.locator("h2").inner_text() == "Before you start":  # nothing of the file counts
        page.keyboard.press("Enter")
    page.keyboard.press("3")
    sent = json.loads(download_ratings(page, tmp_path).read_text())
    assert [(r["answers"], r["kinds"], r["comment"], r["corrected"]) for r in sent["ratings"]] == [({"severity": "critical"}, [], "", None)]


def test_old_browser_gets_advice(export: Export, context: Any) -> None:
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(export().files[0].as_uri())
    page.get_by_role("alert").wait_for()
    assert "ask for the packet as a spreadsheet" in page.get_by_role("alert").inner_text()


def test_number_keys_answer_the_focused_question_once(export: Export, context: Any, tmp_path: Path) -> None:
    file = tmp_path / "asked.yaml"
    scales = ", ".join(f"{{name: q{k}, question: Is it {k}, answers: [a, b, c]}}" for k in range(3))
    file.write_text(f"name: asked\nkind: summarization\ndata: {{path: x.csv}}\nreview:\n  scales: [{scales}]\n")
    page = open_page(context, export(mode="scales", questions=str(file), n=2, repeats=0).files[0])
    page.locator("fieldset").nth(2).locator("input").first.focus()
    page.keyboard.press("3")
    for _ in range(3):
        page.keyboard.down("1")  # held: the browser repeats it
    page.keyboard.up("1")
    checked = page.evaluate("[...document.querySelectorAll('fieldset')].map(f => f.querySelector(':checked')?.value ?? '')")
    assert checked == ["a", "", "c"]


def test_download_reports_what_is_rated_and_what_is_not(export: Export, context: Any, tmp_path: Path) -> None:
    exported = export()
    page = open_page(context, exported.files[0])
    page.keyboard.press("1")
    download_ratings(page, tmp_path)
    total = len(exported.packet.items)
    message = page.locator(".message")
    assert message.inner_text().endswith(f" with 1 rating. {total - 1} of {total} items are not answered yet.")
    assert page.evaluate("document.activeElement.textContent") == "Download my ratings", "the focus stays"
    box = message.bounding_box()
    assert box is not None and 0 < box["y"] < 900, "in sight, wherever the page is scrolled to"


def test_written_text_is_replaced_only_after_confirmation(export: Export, context: Any, tmp_path: Path) -> None:
    page = open_page(context, export().files[0])
    page.get_by_role("button", name="Start from A").click()
    page.get_by_label("Corrected version").fill("my long careful correction")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Start from B").click()
    assert page.get_by_label("Corrected version").input_value() == "my long careful correction"
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Start from B").click()
    assert page.get_by_label("Corrected version").input_value() == page.locator(".output .text").nth(1).inner_text()


def test_focused_elements_are_not_hidden_by_the_buttons(export: Export, context: Any) -> None:
    page = open_page(context, export(mode="errors").files[0])
    page.set_viewport_size({"width": 390, "height": 700})
    for _ in range(14):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "(() => { const e = document.activeElement, r = (e.closest('label') ?? e).getBoundingClientRect();"
            " return [e.closest('.foot') !== null, r.top, document.querySelector('.foot').getBoundingClientRect().top] })()"
        )
        assert place[0] or place[1] < place[2], page.evaluate("document.activeElement.outerHTML")


def test_scales_are_answered_one_question_at_a_time(export: Export, run: StoredRun, context: Any, tmp_path: Path) -> None:
    file = tmp_path / "asked.yaml"
    scales = "{name: safety, question: Is it safe, answers: [never, always]}, {name: style, question: Is it well said, answers: [a, b, c]}"
    file.write_text(f"name: asked\nkind: summarization\ndata: {{path: x.csv}}\nreview:\n  scales: [{scales}]\n")
    exported = export(mode="scales", questions=str(file), n=2, repeats=0)
    page = open_page(context, exported.files[0])
    for _ in exported.packet.items:
        page.keyboard.press("2")
        page.keyboard.press("3")
        page.keyboard.press("n")
    review_import(run.path, [download_ratings(page, tmp_path)])
    assert {tuple(answers.items()) for answers, *_ in load_answers(run).values()} == {(("safety", "always"), ("style", "c"))}


def test_hostile_texts_are_shown_and_never_run(hostile: StoredRun, context: Any) -> None:
    exported = review_export(hostile.path, ("base", "lora"), n=8)
    page = open_page(context, exported.files[0])
    shown = page.locator("main").inner_text()
    assert '<img src=x onerror="alert(1)">' in shown and "⟦U+202E⟧" in shown and "=HYPERLINK(" in shown
    assert page.locator("main img, main script, main style").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    texts = [output.inner_text() for output in page.locator(".output .text").all()]
    nodes = "[...document.querySelectorAll('.output .text')].flatMap(text => [...text.childNodes].map(node => node.textContent.length))"
    pieces = max(page.evaluate(nodes))
    assert max(map(len, texts)) > 100_000 and pieces < 1000, "a long word can be broken, without which Chromium takes half a minute for it"


def test_page_holds_one_of_six_thousand_items_at_a_time(large: ExportedPacket, context: Any) -> None:
    """The work per step does not depend on the number of items."""
    page = open_page(context, large.files[0])
    assert page.locator("h2").inner_text() == "Item 1 of 6020"
    nodes = page.evaluate("document.querySelectorAll('*').length")
    for _ in range(20):
        page.keyboard.press("1")
        page.keyboard.press("n")
    assert page.locator("h2").inner_text() == "Item 21 of 6020"
    assert page.evaluate("document.querySelectorAll('*').length") < nodes + 20


@pytest.fixture
def large(tmp_path: Path) -> ExportedPacket:
    from report_factory import Made, make_run, summarization

    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9), Made("qlora", 0.8, 1, train_seconds=9)]
    run = make_run(tmp_path / "large", [summarization(cells, rows=2000)])
    return review_export(run.path, ("base", "lora", "qlora"), n=2000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mode", ["pairwise", "errors", "scales"])
def test_page_has_no_serious_accessibility_problem(export: Export, browser: Any, mode: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    exported = export(mode=mode)
    page = browser.new_page(color_scheme=scheme)
    page.goto(exported.files[0].as_uri())
    page.locator("h2").wait_for()
    assert axe.run(page).response["violations"] == [], "the start screen"
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        violations = axe.run(page).response["violations"]
        assert {v["id"]: v["nodes"][0]["html"][:120] for v in violations if v["impact"] in ("serious", "critical")} == {}
    page.close()
