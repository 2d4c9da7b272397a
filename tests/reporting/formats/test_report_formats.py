"""The report as Markdown and as CSV: the same numbers, and nothing that a forge or a spreadsheet would act on."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, make_run, summarization

from harness.reporting import to_csv, to_json, to_markdown
from harness.reporting.formats.markdown import escape_markdown
from harness.reporting.views import build_report_view
from harness.reporting.wording import numbers
from harness.reporting.wording.decision.decision_sentences import describe_decision
from harness.reporting.wording.money_sentences import describe_month
from harness.results import RunResults


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_markdown_says_what_to_ship_and_has_the_numbers_of_the_page(troubled: RunResults) -> None:
    text = to_markdown(troubled)
    report = build_report_view(troubled)
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == 4  # quality and cost of a task, then what it costs in use
    for task, table, use in zip(report.tasks, tables[::2], tables[1::2], strict=True):
        assert [cells_of(line)[1] for line in use.splitlines()[2:]] == [describe_month(row) for row in task.money.rows]
        decision = describe_decision(task)
        assert f"### {escape_markdown(task.name)}\n\n**{escape_markdown(decision.state)}. {escape_markdown(decision.headline)}**" in text
        heads, _, *rows = [cells_of(line) for line in table.splitlines()]
        assert all(len(row) == len(heads) == 7 for row in rows)
        *rows, trivial = rows
        assert trivial[0].startswith("Trivial baseline: ")
        for ln, row in zip(task.strategies, rows, strict=True):
            assert row[0].startswith(("**" if ln.label == task.choice else "") + ln.label)
            if ln.primary:
                assert row[1].startswith(f"{numbers.score(ln.primary.value)} ({numbers.interval(ln.primary.low, ln.primary.high)})")
            assert ln.costs is None or row[3] == numbers.money(ln.costs.training_price, "USD").replace("<", "\\<")
    assert "**This run is incomplete: 1 of 10 experiments has no result. Run the same command to resume.**" in text


def test_markdown_formats_links_and_calls_nobody(hostile: RunResults) -> None:
    text = to_markdown(hostile)
    assert "<img" not in text and "<style" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert escape_markdown("@team [x](y) `rm` | <b> ![](u)\n# h") == r"@<!-- -->team \[x\](y) \`rm\` \| \<b\> \!\[\](u) \# h"
    links = "https://evil.example/x www.evil.example a@b.example &lt;img&gt; mailto:x"
    assert escape_markdown(links) == (
        "https:<!-- -->//evil.example/x www<!-- -->.evil.example a@<!-- -->b.example &amp;lt;img&amp;gt; mailto<!-- -->:x"
    )


def test_csv_has_a_line_a_cell_with_numbers_that_are_not_rounded(troubled: RunResults) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(troubled), newline="")))
    cells = to_json(troubled)["cells"]
    assert [(row["task"], row["strategy"], row["seed"], row["status"]) for row in rows] == [
        (c["task"], c["strategy"], "" if c["seed"] is None else str(c["seed"]), c["status"]) for c in cells
    ]
    for row, cell in zip(rows, cells, strict=True):
        for name, score in cell["scores"].items():
            assert [row[name], row[f"{name} low"]] == ["" if v is None else repr(v) for v in (score["value"], score["low"])]
        assert row["seconds"] == str(cell["total_cost"]["seconds"])
        assert row["price"] == ("" if cell["total_cost"]["price"] is None else str(cell["total_cost"]["price"]))


@pytest.mark.parametrize("error", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", " \t=1", HOSTILE])
def test_no_text_begins_a_formula(tmp_path: Path, error: str) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.3), Made("lora", seed=1, status="failed", error=error)])])
    texts = [value for row in csv.DictReader(io.StringIO(to_csv(run), newline="")) for value in row.values() if value]
    assert not [text for text in texts if text[0] in "=+-@\t" and not re.fullmatch(r"-?\d.*", text)]
    assert any(error.strip()[:5] in text for text in texts)
