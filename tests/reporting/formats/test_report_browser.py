"""The page in a real browser: no error, no request, nothing wider than the window, in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, page_of, summarization

from harness.reporting import to_markdown
from harness.results import PHASES, RunResults

# Texts of charts that run over the edge of their picture.
CUT_OFF = """[...document.querySelectorAll('svg.chart text:not([transform])')].filter(text => {
  const box = text.getBBox()
  return box.x < -1 || box.x + box.width > text.ownerSVGElement.viewBox.baseVal.width + 1
}).map(text => text.textContent)"""

pytestmark = pytest.mark.browser


# Every run in light, two of them in dark too: colours are the only difference between the schemes.
SCHEMES = [*((name, "light") for name in ("troubled", "wide", "asked", "hostile", "judged")), ("troubled", "dark"), ("judged", "dark")]


@pytest.mark.parametrize(("name", "scheme"), SCHEMES)
def test_the_page_opens_without_an_error_or_a_request(
    browser: Any, request: pytest.FixtureRequest, tmp_path: Path, name: str, scheme: str
) -> None:
    run: RunResults = request.getfixturevalue(name)
    (tmp_path / "report.html").write_text(page_of(run), encoding="utf-8")
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    problems: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("request", lambda made: requests.append(made.url))
    page.goto((tmp_path / "report.html").as_uri())
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CUT_OFF) == []
    page.locator("details").evaluate_all("all => all.forEach(d => { d.open = true })")
    page.locator(".text").first.wait_for()
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 25, 28)")  # the style was let in by its hash
    assert page.evaluate("document.querySelectorAll('main img, main script, main style').length") == 0
    assert page.evaluate("document.querySelectorAll('.explorer img, .explorer style').length") == 0
    assert problems == []
    assert requests == [(tmp_path / "report.html").as_uri()]
    page.close()


def column(page: Any, table: str, place: int) -> list[str]:
    text = "c => c.querySelector('.sort, .value')?.innerText ?? c.firstChild.textContent.trim()"
    return list(page.locator(f"{table} tbody tr:not(.problem) > :nth-child({place})").evaluate_all(f"all => all.map({text})"))


def test_a_table_is_sorted_by_its_headings_and_a_problem_stays_with_its_row(
    opened: Callable[[RunResults], Any], troubled: RunResults
) -> None:
    page = opened(troubled)
    table = "#task-1 .decision"
    names = [name.split("\n")[0] for name in column(page, table, 1)]
    assert names == ["LoRA", "QLoRA", "Untuned model", "Full fine-tuning", "DoRA"]
    heading = page.locator(f"{table} thead").get_by_role("button", name="F1, every class equal")
    heading.click()
    assert page.locator(f"{table} th[aria-sort=ascending]").inner_text().startswith("F1, every class equal")
    assert [name.split("\n")[0] for name in column(page, table, 1)] == ["Untuned model", "QLoRA", "LoRA", "Full fine-tuning", "DoRA"]
    below = page.locator(f"{table} tbody tr").evaluate_all("all => all.map(row => row.innerText.trim())")
    assert below[next(i for i, row in enumerate(below) if row.startswith("QLoRA")) + 1].startswith("QLoRA, seed 2: diverged")
    heading.press("Enter")
    assert [name.split("\n")[0] for name in column(page, table, 1)] == ["LoRA", "QLoRA", "Untuned model", "Full fine-tuning", "DoRA"]
    assert page.locator(f"{table} th[aria-sort=descending]").count() == 1
    heading.click()
    assert page.locator(f"{table} th[aria-sort]").count() == 0
    page.locator(f"{table} thead").get_by_role("button", name="Strategy").click()
    assert [name.split("\n")[0] for name in column(page, table, 1)] == ["DoRA", "Full fine-tuning", "LoRA", "QLoRA", "Untuned model"]
    assert page.problems == []


def test_another_measure_of_cost_shows_another_picture(opened: Callable[[RunResults], Any], plain: RunResults) -> None:
    page = opened(plain)
    pictures = page.locator("#task-1-evidence .switch").first.locator("figure")
    assert [pictures.nth(i).is_visible() for i in range(5)] == [True, False, False, False, False]
    page.get_by_text("Time per output", exact=True).last.click()
    assert [pictures.nth(i).is_visible() for i in range(5)] == [False, False, False, True, False]
    page.get_by_role("radio", name="Time per output").press("ArrowRight")
    assert pictures.nth(4).is_visible()
    page.emulate_media(media="print")
    assert [pictures.nth(i).is_visible() for i in range(5)] == [False, False, False, False, True]


def test_examples_are_searched_filtered_ordered_and_paged(opened: Callable[[RunResults], Any], troubled: RunResults) -> None:
    page = opened(troubled)
    place = page.locator("#task-1 .explorer")
    ids = lambda: place.locator("summary .id").evaluate_all("all => all.map(s => s.textContent)")  # noqa: E731
    place.locator("summary").first.wait_for()
    rows = [e.id for e in troubled.examples("intents")]
    assert ids() == rows[:10]
    place.get_by_role("button", name="Next").click()
    assert ids() == rows[10:20]
    assert "11–20 of 120 examples" in place.get_by_role("status").inner_text()
    place.get_by_label("Search").fill("row-77")
    assert ids() == ["row-77"]
    place.get_by_label("Search").fill("nothing is like this")
    assert ids() == []
    assert "No examples match" in place.get_by_role("status").inner_text()
    place.get_by_role("button", name="Clear filters").click()
    assert ids() == rows[:10] and place.get_by_role("button", name="Clear filters").is_hidden()
    label = troubled.plan.tasks["intents"].labels[0]
    place.get_by_label("Class").select_option(label)
    expected = [e.id for e in troubled.examples("intents") if e.targets[0] == label]
    assert ids() == expected[:10]
    place.get_by_label("Class").select_option("All classes")
    place.get_by_label("Strategy").select_option(label="Untuned model")
    place.get_by_label("Show").select_option(label="Wrong, or below the median of the strategy")
    (cell,) = [c for c in troubled.cells if c.task == "intents" and c.strategy == "base"]
    gold = {e.id: e.targets[0] for e in troubled.examples("intents")}
    wrong = {p.example_id for p in troubled.predictions(cell.id) if p.extracted != gold[p.example_id]}
    assert f"of {len(wrong)} examples" in place.get_by_role("status").inner_text() and set(ids()) <= wrong
    place.get_by_label("Show").select_option(label="All examples")
    place.get_by_label("Order").select_option(label="Worst score first")
    assert set(ids()) <= wrong
    assert page.problems == []


def test_an_example_shows_input_reference_and_every_output_with_what_is_wrong_in_it(
    opened: Callable[[RunResults], Any], tmp_path: Path
) -> None:
    made = summarization(
        [Made("base", answer=lambda e, r: f"{e.targets[0].split()[0]} wholly invented. Given warfarin 5 mg."), Made("lora", 1.0, 1)],
        rows=6,
        metrics=("rouge", "faithfulness"),
        primary="rougeL",
    )
    run = make_run(tmp_path / "run", [made])
    page = opened(run)
    place = page.locator(".explorer")
    place.get_by_label("Mark differences from the reference").check()
    place.locator("summary").first.click()
    example = run.examples("summarization")[0]
    shown = place.locator(".pair").inner_text()
    assert example.inputs["input"] in shown and example.targets[0] in shown
    assert place.locator("mark.claimed").all_inner_texts()[-1] == "Given warfarin 5 mg."
    assert "Not in the input: number 5 mg; word “warfarin”" in shown
    differing = place.locator(".differs").all_inner_texts()
    assert "invented." in differing and example.targets[0].split()[0] not in differing
    choices = place.get_by_label("Show").locator("option").all_inner_texts()
    assert "With a number that is not in the input" in choices and "With a reversed negation" not in choices
    place.get_by_label("Show").select_option(label="With a number that is not in the input")
    assert "No examples match" in place.get_by_role("status").inner_text(), "LoRA answers with the reference"
    place.get_by_label("Strategy", exact=True).select_option(index=1)
    assert "of 6 examples" in place.get_by_role("status").inner_text()
    assert page.problems == []


@pytest.mark.parametrize(("name", "scheme"), SCHEMES)
def test_axe_finds_nothing_of_any_impact(opened: Callable[..., Any], request: pytest.FixtureRequest, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    page = opened(request.getfixturevalue(name), color_scheme=scheme)
    page.locator(".explorer summary").first.wait_for()
    page.locator("details").evaluate_all("all => all.slice(0, 30).forEach(d => { d.open = true })")
    found = axe.run(page).response["violations"]
    assert {v["id"]: (v["impact"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found} == {}


def test_examples_with_critical_errors_are_found_linked_and_compared(
    browser: Any, opened: Callable[[RunResults], Any], tmp_path: Path
) -> None:
    cells = [Made("base", 0.9), Made("lora", 0.2, 1), Made("full", 0.9, 1)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=60, metrics=("rouge", "facts", "faithfulness"), primary="rougeL")])
    page = opened(run)
    place = page.locator(".explorer")
    ids = lambda: place.locator("summary .id").all_inner_texts()  # noqa: E731
    (lora,) = [cell for cell in run.cells if cell.strategy == "lora"]
    (results,) = run.by_task.values()
    (error,) = [metric for metric in results.metrics if metric.name == "critical_error_rate"]
    wrong = [
        example.id
        for example, prediction in zip(results.examples, run.predictions(lora.id), strict=True)
        if (error.per_example(example, prediction) or (0.0,))[0]
    ]
    place.get_by_label("Strategy").select_option(label="LoRA")
    place.get_by_label("Show").select_option(label="With a critical error")
    assert 0 < len(wrong) < 60 and ids() == wrong[:10]
    assert place.locator(".samples > details").first.locator("summary .flag").first.inner_text() == "critical error"
    place.get_by_label("Show").select_option(label="Worse than the untuned model")
    worse = place.get_by_role("status").inner_text()
    assert "of 0" not in worse and ids()

    place.get_by_label("Outputs of").select_option(label="LoRA and Untuned model, side by side")
    place.locator("summary").first.click()
    card = place.locator(".samples > details").first
    card.locator(".pair").nth(1).locator("h3").nth(1).wait_for()
    assert card.locator(".pair").nth(1).locator("h3").evaluate_all("all => all.map(h => h.firstChild.textContent)") == [
        "LoRA",
        "Untuned model",
    ]
    place.locator("summary").first.press("j")
    assert place.locator(".samples > details").evaluate_all("all => all.slice(0, 2).map(d => d.open)") == [False, True]
    page.keyboard.press("k")
    assert place.locator(".samples > details").evaluate_all("all => all.slice(0, 2).map(d => d.open)") == [True, False]

    address = page.url + "#task-1-example-" + results.examples[33].id
    other = browser.new_page()
    other.goto(address)
    other.locator(".samples > details[open]").wait_for()
    assert other.locator(".samples > details[open] .id").all_inner_texts() == [results.examples[33].id]
    other.goto(page.url + "#task-1-example-%E0%A4%A")  # which cannot be decoded
    other.close()
    assert page.problems == []


def test_every_link_leads_to_what_it_names_also_where_that_is_folded(opened: Callable[[RunResults], Any], troubled: RunResults) -> None:
    page = opened(troubled)
    links = page.locator("a[href]")
    assert links.all_inner_texts() == [
        "Skip to the report",
        "Summary",
        "intents",
        "summarization",
        "Provenance",
        "intents",
        "summarization",
    ]
    for link in links.all():
        page.locator("details").evaluate_all("all => all.forEach(part => { part.open = false })")
        link.press("Enter")
        there = page.locator(str(link.get_attribute("href")))
        assert there.count() == 1 and there.evaluate("e => e.getBoundingClientRect().top < window.innerHeight")
        assert there.evaluate("e => e.localName !== 'details' || e.open")
    assert page.problems == []


def test_first_screen_answers_what_to_do_whether_it_is_safe_and_what_it_costs(
    opened: Callable[[RunResults], Any], plain: RunResults
) -> None:
    page = opened(plain)
    above = """[...document.querySelectorAll('main :is(h1, .sub, .stamp, .lede, .tile, .choice tr, .steps li)')]
      .filter(e => e.getBoundingClientRect().bottom <= window.innerHeight).map(e => e.innerText).join(' · ')"""
    wide = page.evaluate(above)
    assert "Which strategy works best for summarization?" in wide and "Ship with conditions" in wide
    assert "Critical errors" in wide and "100,000 outputs a month" in wide and "Confidence in the ranking" in wide
    assert all(name in wide for name in ("LoRA", "QLoRA", "Untuned model", "bench review export"))
    assert plain.name not in wide.replace("bench review export plain", "") and "Xeon" not in wide, "neither run nor hardware"
    page.set_viewport_size({"width": 390, "height": 844})
    assert all(text in page.evaluate(above) for text in ("Ship with conditions", "Critical errors", "100,000 outputs a month"))
    assert page.locator(".cards tbody tr").first.inner_text().startswith("LoRA")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.problems == []


@pytest.mark.parametrize("name", ["plain", "troubled", "asked", "judged", "wide"])
def test_nothing_is_cut_off_in_print(opened: Callable[[RunResults], Any], request: pytest.FixtureRequest, name: str) -> None:
    page = opened(request.getfixturevalue(name))
    page.set_viewport_size({"width": 695, "height": 1000})  # the width of a sheet of A4 between its margins, at 96 pixels per inch
    page.emulate_media(media="print")
    page.locator("details").evaluate_all("all => all.forEach(d => { d.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == 695
    assert page.pdf().startswith(b"%PDF")
    assert page.problems == []


def test_summary_is_copied_as_markdown(browser: Any, tmp_path: Path, plain: RunResults) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    (tmp_path / "report.html").write_text(page_of(plain), encoding="utf-8")
    page.goto((tmp_path / "report.html").as_uri())
    page.get_by_role("button", name="Copy summary").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == to_markdown(plain)
    context.close()


def test_the_picture_over_all_tasks_is_switched_like_the_others(opened: Callable[[RunResults], Any], troubled: RunResults) -> None:
    page = opened(troubled)
    pictures = page.locator(".overall figure")
    page.locator(".overall").get_by_text("Memory", exact=True).click()
    assert [pictures.nth(i).is_visible() for i in range(pictures.count())] == [False] * (pictures.count() - 1) + [True]
    assert "LoRA" in pictures.last.inner_text() and "QLoRA" not in pictures.last.inner_text(), "QLoRA ran on one task only"


def test_rows_can_be_read_where_no_strategy_has_answered(opened: Callable[[RunResults], Any], tmp_path: Path) -> None:
    page = opened(make_run(tmp_path / "failed", [summarization([Made("lora", status="failed", error="no memory", train_seconds=9)])]))
    assert page.locator(".count").inner_text() == "1–10 of 120 examples (120 on this page)"
    page.locator(".samples details").first.click()
    page.locator(".samples .pair").first.wait_for()
    assert "Reference" in page.locator(".samples details").first.inner_text()
    assert page.get_by_label("Strategy", exact=True).is_hidden() and page.problems == []


def test_every_phase_has_a_colour_of_its_own(opened: Callable[[RunResults], Any], plain: RunResults) -> None:
    page = opened(plain)
    colours = [
        page.evaluate("phase => { const bar = document.querySelector('.bar'); bar.setAttribute('class', `bar ${phase}`);"
                      " return getComputedStyle(bar).fill }", phase)
        for phase in PHASES
    ]  # fmt: skip
    assert len(set(colours)) == len(PHASES) and "rgb(0, 0, 0)" not in colours


def test_what_people_and_the_gate_said_is_shown(opened: Callable[[RunResults], Any], judged: RunResults) -> None:
    page = opened(judged)
    shown = page.locator("#task-1").inner_text()
    above = page.locator("#task-1 .sure").all_inner_texts()
    assert any(said.startswith("Release gate: FAIL: LoRA against the untuned model") for said in above), "beside the recommendation"
    assert any(said.startswith("Human review: ") for said in above)
    assert "Can it replace the current model?" in shown and "FAIL: LoRA against the untuned model" in shown
    assert "Human review" in shown and "LoRA vs. the untuned model" in shown
    page.get_by_text("Examples that got worse, the worst first").first.click()
    assert "<img src=x onerror=" in page.locator("table", has_text="output of the candidate").inner_text()
    assert page.problems == []
