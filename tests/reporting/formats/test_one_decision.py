"""Page, terminal, Markdown, JSON and Python show one and the same decision, whatever it is about."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pytest
from decision_situations import SITUATIONS, Situation
from page_tree import Tree
from report_factory import Made, make_run, summarization
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from harness.decision import SanityCode, decide
from harness.reporting import print_run, render, to_json, to_markdown
from harness.reporting.views import build_task_outcome
from harness.reporting.wording.decision.decision_sentences import describe_decision
from harness.reporting.wording.first_screen import list_tiles
from harness.results import RunResults

WORDS = {
    "Ship": "ship",
    "Keep the untuned model": "ship",
    "Ship with conditions": "ship_with_conditions",
    "Keep the untuned model, with conditions": "ship_with_conditions",
    "Undecided": "undecided",
    "Do not ship": "do_not_ship",
}
STATUSES = {
    "kept": "kept",
    "broken": "broken",
    "not shown": "undecided",
    "not measured": "no_evidence",
    "not verified": "untrusted",
    "is the reference": "kept",
}
SUBJECTS = {"The untuned model": "base", "Every other": "base", "LoRA": "lora", "Full fine-tuning": "full"}
NAMES = {"Untuned model": "base", "LoRA": "lora", "Full fine-tuning": "full"}


@dataclass(frozen=True)
class Shown:
    """What one form of the report shows: state, headline, choice, strategy and status of each guardrail, and each next step with
    its size and command."""

    state: str
    headline: str
    strategy: str | None
    guardrails: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """A run with the strategies that the situations are about."""
    cells = [Made("base", 0.2), Made("lora", 0.8, 1, train_seconds=9), Made("full", 0.8, 1, train_seconds=90)]
    return make_run(tmp_path_factory.mktemp("runs") / "small", [summarization(cells, rows=30)])


def set_evidence(monkeypatch: pytest.MonkeyPatch, situation: Situation) -> None:
    """Let every form of the report read the evidence of a situation."""
    monkeypatch.setattr("harness.reporting.views.task_outcome.collect_evidence", lambda *read, **more: situation.evidence)


def split(line: str) -> tuple[str, str]:
    """ "Ship with conditions. LoRA is …" → the state and the headline."""
    words, _, headline = line.partition(". ")
    return WORDS[words], headline


def read_guardrails(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((NAMES[row[0].strip()], STATUSES[row[-1].strip()]) for row in rows)


def read_page(run: RunResults) -> Shown:
    root = Tree(render(run, with_text=False)).root
    (ruling,) = [node for node in root.all("div") if "ruling" in (node.attributes.get("class") or "").split()]
    stamp, lede = [node.content() for node in ruling.all("p")][:2]
    assert WORDS[stamp] == ruling.attributes["data-state"]
    tables = [table for table in root.all("table") if "guardrails" in (table.attributes.get("class") or "").split()]
    rows = [row for table in tables for row in table.all("tr")[1:]]
    assert all(STATUSES[row.all("td")[-1].content()] == row.attributes["data-status"] for row in rows)
    chosen = ruling.attributes["data-strategy"] or None
    guardrails = tuple((str(row.attributes["data-strategy"]), str(row.attributes["data-status"])) for row in rows)
    steps = [step for steps in root.all("ol") if steps.attributes.get("class") == "steps" for step in steps.all("li")]
    return Shown(WORDS[stamp], lede, chosen, guardrails, tuple(" ".join(step.content().split()) for step in steps))


def read_terminal(run: RunResults) -> Shown:
    file = io.StringIO()
    print_run(run, Console(file=file, width=300))
    lines = file.getvalue().splitlines()
    state, headline = split(next(line for line in lines if line.partition(". ")[0] in WORDS))
    rows: list[list[str]] = []
    if "Guardrails" in lines:
        start = lines.index("Guardrails") + 3
        table = lines[start : next(i for i, line in enumerate(lines) if i >= start and line.startswith("In brackets"))]
        rows = [re.split(r"\s{2,}", line.strip()) for line in table]
    subject = next((label for name, label in SUBJECTS.items() if headline.startswith(name)), None)
    steps = read_list(lines, "Next steps", "  ")
    return Shown(state, headline, subject if state.startswith("ship") else None, read_guardrails(rows), steps)


def read_list(lines: Sequence[str], title: str, mark: str) -> tuple[str, ...]:
    """The items of the list with this title; none without it."""
    if title not in lines:
        return ()
    after = [line for line in lines[lines.index(title) + 1 :] if line.strip()]
    items = takewhile(lambda line: line.startswith(mark), after)
    return tuple(" ".join(item.removeprefix(mark).split()) for item in items)


def read_markdown(run: RunResults) -> Shown:
    text = to_markdown(run).replace("\\", "")
    state, headline = split(re.findall(r"^\*\*(.*)\*\*$", text, re.MULTILINE)[-1])
    table = re.search(r"^\| strategy \| limit .*\n.*\n((?:\|.*\n)*)", text, re.MULTILINE)
    rows = [line.strip("| \n").split("|") for line in table[1].splitlines()] if table else []
    bold = re.search(r"^\| \*\*(\w+)\*\*", text, re.MULTILINE)
    steps = read_list([line.replace("`", "") for line in text.splitlines()], "Next steps:", "- ")
    return Shown(state, headline, bold[1] if bold else None, read_guardrails(rows), steps)


def read_json(run: RunResults) -> Shown:
    (decision,) = to_json(run)["decisions"]
    steps = tuple(f"{step['sentence']} {step['command_line']}".strip().replace("`", "") for step in decision["next_steps"])
    guardrails = tuple((each["strategy"], each["status"]) for each in decision["guardrails"])
    return Shown(decision["state"], decision["headline"], decision["strategy"], guardrails, steps)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_every_form_shows_the_same_decision(situation: Situation, small: RunResults, monkeypatch: pytest.MonkeyPatch) -> None:
    set_evidence(monkeypatch, situation)
    decision = decide(situation.evidence)
    (results,) = small.by_task.values()
    assert (decision.state, decision.strategy) == (situation.state, situation.strategy)
    text = describe_decision(build_task_outcome(results))
    expected = Shown(
        decision.state,
        text.headline,
        decision.strategy,
        tuple((result.strategy, result.status) for result in decision.guardrails),
        tuple(f"{step.text} {step.code}".strip() for step in text.steps),
    )
    assert read_page(small) == read_terminal(small) == read_markdown(small) == read_json(small) == expected


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_sentences_of_a_decision(
    situation: Situation, small: RunResults, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    set_evidence(monkeypatch, situation)
    (results,) = small.by_task.values()
    text = describe_decision(build_task_outcome(results))
    lines = [f"[{text.state}] {text.headline}", *(f"  why: {sentence}" for sentence in text.why)]
    lines += [f"  condition: {sentence}" for sentence in text.conditions]
    lines += [f"  {text.confidence}"] if text.confidence else []
    lines += [f"  next: {step.text} {step.code}".rstrip() for step in text.steps]
    assert "\n".join(lines) == snapshot


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_the_first_screen_is_never_more_confident_than_the_decision(
    situation: Situation, small: RunResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_evidence(monkeypatch, situation)
    (results,) = small.by_task.values()
    outcome = build_task_outcome(results)
    tiles = {tile.code: tile for tile in list_tiles(outcome)}
    sentence = describe_decision(outcome).confidence
    if "confidence" in tiles and tiles["confidence"].value == "High":
        assert sentence.startswith("Confidence: on a new test sample")
    if sentence.startswith("Confidence: low"):
        assert "confidence" not in tiles or tiles["confidence"].value == "Low"


def test_the_situations_cover_every_state_status_and_check() -> None:
    decisions = [decide(situation.evidence) for situation in SITUATIONS]
    assert len(SITUATIONS) >= 40 and len({situation.name for situation in SITUATIONS}) == len(SITUATIONS)
    assert {decision.state for decision in decisions} == set(WORDS.values())
    assert {result.status for decision in decisions for result in decision.guardrails} == set(STATUSES.values())
    assert {finding.code for decision in decisions for finding in decision.sanity} == set(_codes(SanityCode))
    from harness.decision import HeadlineCode, NextStepCode, ReasonOfDecision

    assert {decision.headline for decision in decisions} == set(_codes(HeadlineCode))
    assert {reason.code for decision in decisions for reason in decision.reasons} == set(_codes(ReasonOfDecision))
    assert {step.code for decision in decisions for step in decision.next_steps} == set(_codes(NextStepCode))


def _codes(literal: Any) -> Sequence[str]:
    from typing import get_args

    return get_args(literal)
