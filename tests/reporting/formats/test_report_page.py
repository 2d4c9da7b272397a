"""The page: whole in itself, inert whatever the models said, and its numbers are those of the analysis."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from page_tree import Tree
from report_factory import HOSTILE, Made, classification, make_run, page_of, summarization

from harness.reporting import render, write_page
from harness.reporting.views import build_report_view
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import STANDING_ANSWERS
from harness.reporting.wording.names import strategy_name
from harness.reporting.wording.task_sentences import describe_verdict, summarize_task
from harness.results import RunResults
from harness.text import visible


@pytest.fixture(scope="module", params=["plain", "troubled", "hostile", "wide", "asked", "judged"])
def run(request: pytest.FixtureRequest) -> RunResults:
    found: RunResults = request.getfixturevalue(request.param)
    return found


def test_the_page_needs_nothing_else_and_runs_nothing_but_its_own_script(run: RunResults) -> None:
    html = page_of(run)
    tree = Tree(html)
    tags = {node.tag for node in tree.nodes}
    assert not tags & {"img", "iframe", "object", "embed", "link", "base", "form", "foreignobject", "audio", "video", "animate"}
    assert [node.attributes for node in tree.nodes if node.tag == "script"] == [{}]
    names = {name for node in tree.nodes for name in node.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not names & {"style", "src", "srcset", "xlink:href", "action"}
    links = [node.attributes["href"] or "" for node in tree.nodes if "href" in node.attributes]
    ids = [node.attributes["id"] for node in tree.nodes if "id" in node.attributes]
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    assert len(ids) == len(set(ids))
    assert "://" not in html
    assert "url(" not in html
    assert "@import" not in html
    assert not [name for name in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(") if name in html]


def test_the_policy_allows_the_inlined_style_and_script_by_their_hashes_and_nothing_else(run: RunResults) -> None:
    html = page_of(run)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    digests = []
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digests.append(base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode())
    said = policy.group(1).replace("&#39;", "'").replace("&#43;", "+")
    hashes = f"style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'"
    assert said == f"default-src 'none'; {hashes}; base-uri 'none'; form-action 'none'"
    assert html.index("Content-Security-Policy") < html.index("<style>")


def unpacked(html: str) -> list[dict[str, Any]]:
    """The examples of each task, as the script unpacks them."""
    packed = re.findall(r'<template id="task-\d+-packed">([A-Za-z0-9+/=]*)</template>', html.replace("&#43;", "+"))
    return [json.loads(gzip.decompress(base64.b64decode(text))) for text in packed]


def test_the_first_table_says_what_there_is_to_choose_between(troubled: RunResults) -> None:
    tree = Tree(page_of(troubled))
    tables = [table for table in tree.root.all("table") if table.attributes.get("class") == "main decision cards"]
    for task, table in zip(build_report_view(troubled).tasks, tables, strict=True):
        _, *rows, trivial = [row.content() for row in table.all("tr") if row.attributes.get("class") != "problem"]
        assert trivial.startswith("Trivial baseline ")
        assert numbers.score(task.trivial.value) in trivial
        for ln, row in zip(task.strategies, rows, strict=True):
            assert row.startswith(strategy_name(ln.label))
            assert ("recommended" in row) == (ln.label == task.choice)
            if ln.primary:
                assert f"{numbers.score(ln.primary.value)} {numbers.interval(ln.primary.low, ln.primary.high)}" in row
                assert STANDING_ANSWERS[task.standings[ln.label]] in row
            if ln.costs:
                answers = numbers.money(ln.costs.thousand_price, "USD"), numbers.seconds(ln.costs.answer_seconds)
                assert " ".join(answers) in row


def test_every_strategy_stands_on_every_task(troubled: RunResults) -> None:
    report = build_report_view(troubled)
    (table,) = [table for table in Tree(page_of(troubled)).root.all("table") if table.attributes.get("class") == "overview cards"]
    rows = {row.all("th")[0].content(): [cell.content() for cell in row.all("td")] for row in table.all("tr")[1:]}
    assert list(rows) == ["LoRA", "QLoRA", "Untuned model", "Full fine-tuning", "DoRA"]
    assert rows["QLoRA"][1:] == ["not run", numbers.NOTHING, numbers.NOTHING]
    costs = []
    for task, shown in zip(report.tasks, rows["LoRA"], strict=False):
        ln = next(ln for ln in task.strategies if ln.label == "lora")
        assert ln.primary is not None and ln.costs is not None
        assert shown.startswith(f"{numbers.score(ln.primary.value)} {numbers.interval(ln.primary.low, ln.primary.high)}")
        assert ("recommended" in shown) == (task.choice == "lora")
        costs.append(ln.costs)
    assert rows["LoRA"][2] == numbers.money(sum(c.training_price or 0 for c in costs), "USD")
    assert rows["LoRA"][3] == numbers.seconds(sum(c.training_seconds for c in costs))


def test_a_thousand_answers_cost_what_the_test_rows_did(troubled: RunResults) -> None:
    task, rows = build_report_view(troubled).tasks[0], 120
    lora = next(ln for ln in task.strategies if ln.label == "lora")
    assert lora.costs is not None and lora.costs.answer_seconds is not None
    predicting = [c for r in troubled.results.values() for c in r.costs if r.cell.strategy == "lora" and r.cell.task == "intents"]
    seconds = sum(c.seconds for c in predicting if c.phase == "predict")
    assert lora.costs.answer_seconds == pytest.approx(seconds / 2 / rows)
    assert lora.costs.thousand_price == pytest.approx(1000 * seconds / 2 / rows / 3600 * 0.09)


def test_differences_to_base_have_their_verdict(troubled: RunResults) -> None:
    tree = Tree(page_of(troubled))
    tables = [table for table in tree.root.all("table") if "difference to the untuned model" in table.all("caption")[0].content()]
    for task, table in zip(build_report_view(troubled).tasks, tables, strict=True):
        for ln, row in zip([ln for ln in task.strategies if ln.versus_base], table.all("tr")[1:], strict=True):
            assert ln.versus_base is not None
            spread = numbers.signed_interval(ln.versus_base.low, ln.versus_base.high)
            difference = numbers.signed(ln.versus_base.difference)
            assert row.content().startswith(f"{strategy_name(ln.label)} {len(ln.seeds)} {difference} {spread}")
            assert describe_verdict(ln.versus_base) in row.content()


def test_every_pair_is_there_both_ways_round(plain: RunResults) -> None:
    (task,) = build_report_view(plain).tasks
    tables = Tree(page_of(plain)).root.all("table")
    (table,) = [table for table in tables if "the row minus the column" in table.all("caption")[0].content()]
    cells = [[cell.content() for cell in row.all("td")] for row in table.all("tr")[1:]]
    assert task.pairs is not None and len(cells) == 3 and [cells[i][i] for i in range(3)] == ["", "", ""]
    for ln in task.strategies:
        if ln.versus_base:
            own = cells[task.pairs.labels.index(ln.label)][task.pairs.labels.index("base")]
            back = cells[task.pairs.labels.index("base")][task.pairs.labels.index(ln.label)]
            assert own.startswith(
                f"{numbers.signed(ln.versus_base.difference)} {numbers.signed_interval(ln.versus_base.low, ln.versus_base.high)}"
            )
            assert back.startswith(numbers.signed(-ln.versus_base.difference))
            assert ("better" in own, "worse" in back) == (ln.versus_base.verdict == "better",) * 2


def test_all_scores_and_all_phases_are_there(plain: RunResults) -> None:
    text = Tree(page_of(plain)).root.content()
    for ln in build_report_view(plain).tasks[0].strategies:
        for score in ln.scores.values():
            assert f"{numbers.score(score.value)} {numbers.interval(score.low, score.high)}".strip() in text
            assert score.method in text or ln.primary is not score
        assert ln.costs is not None
        for seconds in ln.costs.phases.values():
            assert numbers.seconds(seconds) in text
        assert numbers.money(ln.costs.total_price, "USD") in text


def test_what_a_reader_must_know_is_said(troubled: RunResults) -> None:
    text = Tree(page_of(troubled)).root.content()
    for task in build_report_view(troubled).tasks:
        summary = summarize_task(task)
        decision = summary.decision
        shown = (
            decision.state,
            decision.headline,
            *decision.why,
            *decision.conditions,
            decision.confidence,
            *summary.reasons,
            *summary.caveats,
        )
        assert all(" ".join(said.split()) in text for said in shown)
    for said in ("out-of-memory : does not fit in 24 GB", "diverged : the loss is NaN", "failed : no such module: q_proj",
                 "Not finished. Run the same command to resume.",
                 "Overfitting: validation loss rose after step 6", "refund_0 (3 test examples)", "12 rows are empty.",
                 "1 row skipped", "line 17",
                 "train/test: 2", "Confusion matrix", "sha256:abc123", "0123456789abcdef", "c0ffee",
                 "$0.0900 per device-hour (a table, 2026-03)",
                 "bench run --task <b>summarization</b> --strategies lora,qlora"):  # fmt: skip
        assert said in text


def test_tables_have_captions_and_scopes_and_charts_have_titles(troubled: RunResults) -> None:
    tree = Tree(page_of(troubled))
    for table in tree.root.all("table"):
        assert table.all("caption")[0].content()
        assert all(th.attributes.get("scope") in ("row", "col") for th in table.all("th"))
    charts = [svg for svg in tree.root.all("svg") if "chart" in (svg.attributes["class"] or "")]
    ids = {node.attributes.get("id"): node for node in tree.nodes}
    assert len(charts) >= 7
    for svg in charts:
        assert svg.attributes["role"] == "img"
        assert all(ids[name].content() for name in (svg.attributes["aria-labelledby"] or "").split())
    assert all("nan" not in (value or "") for svg in charts for node in svg.all("circle") for value in node.attributes.values())


def test_hostile_text_appears_as_text(hostile: RunResults) -> None:
    html = page_of(hostile)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    text = Tree(html).root.content()
    shown = visible(HOSTILE)
    assert shown.startswith("</script><img src=x") and shown.endswith("⟦U+202C⟧ ⟦U+001B⟧[31mred⟦U+0000⟧ [bold]x[/bold] {{ 7*7 }}")
    assert text.count(shown) >= 4  # the error, warning, skipped row and origin
    assert "External outputs ('</script><img src=x onerror=" in text, "a note shows the start of a text"
    (examples,) = unpacked(html)
    assert len(examples["rows"]) == 12
    for row in examples["rows"]:
        assert row["in"] == [["input", shown]]
        assert {output["t"] for output in row["o"]} == {shown, "A" * 2000 + "… [998,000 more characters]"}
    assert len(html) < 300_000


def test_a_report_without_text_has_none(hostile: RunResults, plain: RunResults) -> None:
    html = render(plain, with_text=False)
    assert unpacked(html) == []
    assert "written without inputs, references and outputs" in html
    example = plain.examples("summarization")[0]
    assert example.inputs["input"][:30] not in html and example.targets[0] not in html
    assert numbers.score(build_report_view(plain).tasks[0].strategies[0].primary.value) in html  # type: ignore[union-attr]
    assert "17: the target" not in render(hostile, with_text=False), "what was skipped may quote a row"


@pytest.mark.parametrize("labels", [2, 20, 21, 77])
def test_any_number_of_labels(tmp_path: Path, labels: int) -> None:
    run = make_run(tmp_path / "r", [classification([Made("base", 0.4), Made("lora", 0.8, 1, train_seconds=9)], labels=labels, rows=200)])
    html = page_of(run)
    assert ('<table class="matrix">' in html) == (labels <= 20)
    assert ("Most frequent confusions" in html) == (labels > 20)


def test_a_run_with_one_strategy_and_one_that_has_nothing_yet(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", [summarization([Made("lora", 0.5, 1, train_seconds=9)], rows=2)])
    page = render(one)
    assert "No other strategy has a score" in page
    assert "Nothing in this run measures safety" in page, "no section is empty"
    none = make_run(tmp_path / "none", [summarization([Made("base", status="interrupted")], rows=2)])
    assert "This run is incomplete" in render(none)


def test_questions_have_their_references_their_answers_and_their_absence(asked: RunResults) -> None:
    (found,) = unpacked(page_of(asked))
    examples = {e.id: e for e in asked.examples("questions")}
    assert [row["i"] for row in found["rows"]] == list(examples)
    for row in found["rows"]:
        example = examples[row["i"]]
        assert row["t"] == example.inputs["question"]
        assert row["r"] == list(example.targets)
        assert [name for name, _ in row["in"]] == ["context", "question"]
        held_back = [output["a"] for output in row["o"] if output["a"] is not None]
        assert set(held_back) <= {"(no answer)"}
        assert example.targets or held_back or all("Unanswerable" not in output["t"] for output in row["o"])


def test_rows_that_became_references_are_told(asked: RunResults, plain: RunResults) -> None:
    assert "3 rows of validation, 12 rows of test became further references of another example" in Tree(page_of(asked)).root.content()
    assert "further references" not in page_of(plain)


def test_a_wide_grid_stays_readable(wide: RunResults) -> None:
    tree = Tree(page_of(wide))
    (task,) = build_report_view(wide).tasks
    (main,) = [table for table in tree.root.all("table") if table.attributes.get("class") == "main decision cards"]
    assert len(main.all("tbody")[0].all("tr")) == 20
    (differences,) = [table for table in tree.root.all("table") if "difference to the untuned model" in table.all("caption")[0].content()]
    rows = {row.all("th")[0].content(): row for row in differences.all("tr")[1:]}
    for ln in task.strategies:
        name = strategy_name(ln.label)
        assert (name in rows) == (ln.model == "smollm2-135m" and not ln.is_base)
        assert name not in rows or (ln.versus_base and describe_verdict(ln.versus_base) in rows[name].content())
    figures = [figure for figure in tree.root.all("figure") if "loss by step" in figure.content()]
    inner = [details for details in tree.root.all("details") if "class" not in details.attributes]
    folded = [figure for details in inner for figure in details.all("figure")]
    assert (len(figures), len(folded)) == (36, 30)
    titles = ("by cost to train", "Time by phase")
    cost, phases = (next(svg for svg in tree.root.all("svg") if title in svg.content()) for title in titles)
    names = [text.content() for text in cost.all("text") if "label" in (text.attributes["class"] or "")]
    assert 2 <= len(names) <= 12
    shown = [text.content() for text in phases.all("text") if text.attributes["class"] == "label"]
    assert len([name for name in shown if name.endswith(" examples")]) == len({name for name in shown if name.endswith(" examples")}) == 18
    assert len(task.shown) == 8
    assert {output.source.label for row in task.examples for output in row.outputs} == {ln.label for ln in task.shown}


def test_write_page_writes_the_file_whole(plain: RunResults, tmp_path: Path) -> None:
    write_page(plain, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page_of(plain)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
