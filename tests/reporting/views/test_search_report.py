"""How the values were chosen: the section of the report, and its other forms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html
from report_factory import Made, make_run, page_of, summarization
from rich.console import Console
from search_factory import MadeTrial, add_search, searched_rates

from harness.reporting import render
from harness.reporting.formats import to_json, to_markdown
from harness.reporting.terminal import print_run
from harness.reporting.views import build_task_outcome
from harness.reporting.wording.search_sentences import list_findings
from harness.reporting.wording.search_tables import write_value
from harness.results import RunResults
from harness.types import SearchSpec

CELLS = [Made("base", 0.2), Made("full", 0.8, 1, train_seconds=500.0), Made("lora", 0.78, 1, train_seconds=300.0)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """Full fine-tuning and LoRA with a clear best rate each, and (IA)³, which the race has dropped."""
    plain = make_run(tmp_path_factory.mktemp("search") / "run", [summarization(CELLS, rows=60)])
    searches = {
        "full": searched_rates(2e-5, 2e-5, steep=0.3),
        "lora": searched_rates(2e-4, 2e-4, lowest=1.03, steep=0.3),
        "ia3": [MadeTrial(each.values, each.losses[:1]) for each in searched_rates(2e-3, 2e-3, lowest=1.5)],
    }
    return add_search(plain, searches, race=0.05, dropped={"ia3": (0, "full", 0)})


def section_of(page: str) -> html.HtmlElement:
    heading = html.fromstring(page).xpath("//h3[@id='task-1-search']")
    assert heading
    return heading[0].getparent()


def test_the_section_names_values_budget_and_what_the_race_dropped(run: RunResults) -> None:
    text = " ".join(section_of(page_of(run)).text_content().split())
    assert "How the values were chosen" in text
    assert "The race dropped (IA)³ after 30% of its training" in text
    assert "On this data, LoRA needs a higher learning rate than full fine-tuning, and ten times as high is plausible" in text
    assert "Losses of chosen trials are optimistic" in text
    assert "6 of 6" in text


def test_each_trial_is_in_the_figure_and_the_chosen_one_has_a_ring(run: RunResults) -> None:
    figure = section_of(page_of(run)).xpath(".//*[local-name()='svg' and contains(@aria-labelledby, 'search-1')]")[0]
    points = [title.text for title in figure.xpath(".//*[local-name()='title']")[1:]]
    assert len([p for p in points if p.startswith("LoRA, trial") and "after 30%" in p]) == 5
    assert len([p for p in points if p.startswith("LoRA, trial") and "diverged or failed" in p]) == 1
    assert len([p for p in points if p.endswith("chosen")]) == 2 == len(figure.xpath(".//*[contains(@class, 'ring chosen')]"))
    tones = {p.get("class").split()[1] for p in figure.xpath(".//*[contains(@class, 'point')]") if "key" not in p.get("class")}
    assert len(tones) == 3


def test_loss_above_the_scale_is_written_beside_its_point(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "run", [summarization(CELLS, rows=60)])
    losses = {1e-4: 1.0, 2e-4: 0.9, 4e-4: 0.95, 8e-4: 1.1, 1e-1: 60.0}
    run = add_search(plain, {"lora": [MadeTrial({"learning_rate": rate}, [loss]) for rate, loss in losses.items()]})
    figure = section_of(render(run)).xpath(".//*[local-name()='svg' and contains(@aria-labelledby, 'search-1')]")[0]
    assert [text.text for text in figure.xpath(".//*[local-name()='text']") if "↑" in (text.text or "")] == ["60 ↑"]


@pytest.mark.parametrize("form", ["page", "markdown", "terminal", "json"])
def test_every_form_says_why_a_strategy_is_missing(run: RunResults, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    if form == "json":
        search = to_json(run)["decisions"][0]["search"]
        (lost,) = [each for each in search["strategies"] if each["dropped"]]
        assert (search["dropped"], lost["strategy"], lost["chosen"]) == (["ia3"], "ia3", None)
        assert lost["dropped"]["share_of_training"] == 0.3
        assert any("The race dropped (IA)³" in sentence for sentence in search["sentences"])
        return
    if form == "terminal":
        print_run(run, Console(width=200))
        text = capsys.readouterr().out
        assert "(IA)³: dropped by the race after 30% of its training" in text
        assert "LoRA: learning_rate 2e-4, validation loss 1.030" in text
    else:
        text = page_of(run) if form == "page" else to_markdown(run)
        assert "Not in this comparison: (IA)³" in text
    assert "The race dropped (IA)³" in text


def test_the_numbers_of_json_are_those_of_the_search(run: RunResults) -> None:
    search = to_json(run)["decisions"][0]["search"]
    lora = next(each for each in search["strategies"] if each["strategy"] == "lora")
    assert lora["chosen"] == {"learning_rate": 2e-4}
    assert [trial["number"] for trial in lora["trials"]] == [1, 2, 3, 4, 5, 6]
    assert lora["trials"][5]["loss"] is None
    assert lora["best_so_far"][-1]["loss"] == pytest.approx(1.03)
    assert search["learning_rate_ratios"][0]["ten_is_plausible"] is True
    assert search["race_error_rate"] == 0.05
    assert search["cost"]["seconds"] == run.spent_on_search.seconds


def test_the_cost_of_the_search_is_beside_that_of_training(run: RunResults) -> None:
    rows = to_json(run)["decisions"][0]["costs_in_use"]["strategies"]
    prices = {row["strategy"]: (row["training_price"], row["search_price"]) for row in rows}
    assert prices["base"] == (0, 0)
    assert prices["lora"][1] > 0
    assert prices["lora"][0] == pytest.approx(300 * (1 + 1 / 8) * 0.09 / 3600)
    assert "Search, once" in page_of(run)
    assert "Search, once" in to_markdown(run)


def test_without_a_search_nothing_mentions_one(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "run", [summarization(CELLS, rows=30)])
    assert "How the values were chosen" not in render(plain)
    assert "Search, once" not in to_markdown(plain)
    assert to_json(plain)["decisions"][0]["search"] is None


def findings(path: Path, trials: list[MadeTrial], **more: object) -> str:
    searched = add_search(make_run(path / "run", [summarization(CELLS, rows=30)]), {"lora": trials}, **more)  # type: ignore[arg-type]
    report = build_task_outcome(searched.by_task["summarization"]).search
    assert report is not None
    return "\n".join(list_findings(report))


@pytest.mark.parametrize(
    ("spec", "spent"),
    [(SearchSpec(hours=2), "2 min 00 s of 2 h 00 min, $0.0030"), (SearchSpec(price=0.01), "2 min 00 s, $0.0030 of $0.0100")],
)
def test_spent_is_given_of_the_budget(tmp_path: Path, spec: SearchSpec, spent: str) -> None:
    plain = make_run(tmp_path / "run", [summarization(CELLS, rows=30)])
    assert spent in to_markdown(add_search(plain, {"lora": [MadeTrial({"learning_rate": 2e-4}, (1.0,))]}, spec=spec))


def test_a_value_at_the_edge_is_warned_about(tmp_path: Path) -> None:
    rates = [MadeTrial({"learning_rate": 2e-4}, (1.5,)), MadeTrial({"learning_rate": 1.9e-3}, (1.2, 1.0))]
    assert "chosen for LoRA, 1.9e-3, is at the upper end of the range (2e-5 to 2e-3)" in findings(tmp_path, rates)


def test_a_chosen_value_without_any_beyond_it_asks_for_more_trials(tmp_path: Path) -> None:
    rates = [MadeTrial({"learning_rate": rate}, losses) for rate, losses in ((2e-4, (1.5,)), (1e-4, (1.6,)), (7e-4, (1.2, 1.0)))]
    assert "No higher learning rate than the one chosen for LoRA, 7e-4, was tried (the range is 2e-5 to 2e-3)" in findings(tmp_path, rates)


def test_trials_that_all_failed_leave_the_strategys_own_values(tmp_path: Path) -> None:
    text = findings(tmp_path, [MadeTrial({"learning_rate": rate}, (None,)) for rate in (2e-4, 2e-3)])
    assert "LoRA keeps its own values, because no trial could be measured." in text


def test_the_rates_of_a_dropped_lora_are_compared_as_far_as_it_came(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "run", [summarization(CELLS, rows=30)])
    searches = {
        "full": searched_rates(2e-5, 2e-5, steep=0.3),
        "lora": [MadeTrial(each.values, each.losses[:1]) for each in searched_rates(2e-4, 2e-4, lowest=1.5, steep=0.3)],
    }
    page = render(add_search(plain, searches, race=0.05, dropped={"lora": (0, "full", 0)}))
    assert "ten times as high is plausible: the best were 2e-4 and 2e-5" in " ".join(section_of(page).text_content().split())


def test_a_race_of_strategies_as_they_are_names_losses_and_no_values(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "run", [summarization(CELLS, rows=30)])
    as_they_are = {"full": [MadeTrial({}, (1.2,))], "lora": [MadeTrial({}, (1.3,))], "ia3": [MadeTrial({}, (1.9,))]}
    raced = add_search(plain, as_they_are, race_only=True, race=0.05, dropped={"ia3": (0, "full", 0)})
    text = " ".join(section_of(render(raced)).text_content().split())
    assert "What the race dropped" in text
    assert "The race dropped (IA)³ after 30% of its training, because it is proven worse than another strategy" in text
    assert "The race took" in text
    assert "Own value" not in text
    assert to_json(raced)["decisions"][0]["search"]["budget"] is None
    assert "What the race dropped" in to_markdown(raced)


def test_texts_of_searched_values_are_harmless(tmp_path: Path) -> None:
    hostile = '<img src=x onerror="alert(1)">\u202e'
    trials = [MadeTrial({"prompt": "plain"}, (1.0,)), MadeTrial({"prompt": hostile}, (0.9,))]
    plain = make_run(tmp_path / "run", [summarization(CELLS, rows=30)])
    page = render(add_search(plain, {"lora": trials}, spec=SearchSpec(fields={"prompt": ("plain", hostile)})))
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_few_validation_examples_are_marked(tmp_path: Path) -> None:
    trials = [MadeTrial({"learning_rate": 2e-4}, (1.0,)), MadeTrial({"learning_rate": 4e-4}, (0.9,))]
    searched = add_search(make_run(tmp_path / "run", [summarization(CELLS, rows=30)]), {"lora": trials}, examples=20)
    assert re.search(r"0\.900 \([0-9.–]+\) †", " ".join(section_of(render(searched)).text_content().split()))


@pytest.mark.parametrize(
    ("value", "written"),
    [(2e-4, "2e-4"), (1.25e-4, "1.25e-4"), (0.00037261, "3.7e-4"), (16, "16"), (64.0, "64"), (3.5, "3.5"), ("a b", "a b")],
)
def test_values_are_written_as_people_type_them(value: object, written: str) -> None:
    assert write_value(value) == written
