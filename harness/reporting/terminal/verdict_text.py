"""A verdict of the gate in a terminal. What models wrote is shown as text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from harness.gate import RuleVerdict, Verdict
from harness.reporting.terminal.console import print_text, table_width
from harness.reporting.wording import gate_sentences, numbers, rule_sentences
from harness.text import one_line, wrap_words

_STYLES = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow"}
_OUTCOME = max(map(len, _STYLES))  # characters
_MOST_REGRESSIONS = 5


def print_verdict(verdict: Verdict, console: Console, width: int | None = None) -> None:
    """Print a verdict: each rule with its outcome, and below it what was measured and why.

    Args:
        width: of the lines about rules, in characters; by default that of the terminal, and as much as they need in a file or a pipe.
    """
    width = table_width(console, width)
    style = _STYLES["INCONCLUSIVE" if verdict.awaits_approval else verdict.outcome]
    print_text(console, Text(one_line(gate_sentences.headline(verdict)), style=f"bold {style}"))
    print_text(console, Text(""))
    for rule in verdict.rules:
        style = "dim" if rule.rule.tier == "advisory" else _STYLES[rule.outcome]
        for number, line in enumerate(_rule_lines(rule, width - _OUTCOME - 2)):
            print_text(console, Text(f"{'' if number else rule.outcome:<{_OUTCOME}}  {line}", style=style if number == 0 else "dim"))
    print_text(console, Text(""))
    for sentence in (*gate_sentences.verdict_sentences(verdict), gate_sentences.describe_models(verdict)):
        print_text(console, Text(one_line(sentence)))
    for each in verdict.regressions[:_MOST_REGRESSIONS]:
        change = f"{numbers.score(each.baseline)} → {numbers.score(each.candidate)}"
        start = f"{gate_sentences.describe_regression(each)}  {one_line(each.example, 40)}  {change}"
        print_text(console, Text(f"{start}  {one_line(each.candidate_output, max(20, min(120, width - len(start) - 2)))}"))


def _rule_lines(rule: RuleVerdict, width: int) -> Iterator[str]:
    """A rule in lines that are broken between words: its title, then what was measured and why it has its outcome."""
    for text in (rule_sentences.full_rule_title(rule), rule_sentences.describe_result(rule)):
        yield from wrap_words(one_line(text, 400), max(width, 20))
