"""The guardrails of a task: what each demands, what was measured, and whether it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.gate import GuardrailResult, GuardrailStatus
from harness.reporting.wording import numbers
from harness.reporting.wording.names import score_name, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.types import Rule, RuleKind

STATUS_NAMES: Mapping[GuardrailStatus, str] = {
    "kept": "kept",
    "broken": "broken",
    "undecided": "not shown",
    "no_evidence": "not measured",
    "untrusted": "not verified",
}
GUARDRAIL_COLUMNS = ("strategy", "limit", "measured", "kept?")
_MEANINGS: Mapping[GuardrailStatus, str] = {
    "undecided": "“not shown”: the test set cannot show that the limit is kept",
    "no_evidence": "“not measured”: the score has no value",
    "untrusted": "“not verified”: the score has not been shown to agree with people, so it does not count as kept",
}


def limit_title(rule: Rule, unit: str = "") -> str:
    """The limit in a few words: "Critical errors at most 5%"."""
    return name_limit(rule.score, rule.rule, rule.threshold or 0.0, unit, against=rule.against or "", part=rule.slice or "")


def name_limit(score: str, kind: RuleKind, threshold: float, unit: str, *, against: str = "", part: str = "") -> str:
    """A limit on a score in a few words; one on what raters find says so.

    Args:
        unit: of the score; what raters find is a share of the outputs.
        against: the strategy that it compares with; empty for the untuned model.
        part: of the test examples that it is about; empty for all.
    """
    by_raters = score.startswith("review.")
    amount = format_limit(threshold, "fraction" if by_raters else unit, is_difference=kind in ("not_worse", "better"))
    baseline = strategy_in_sentence(against) if against else "the untuned model"
    texts = {
        "floor": f"at least {amount}",
        "ceiling": f"at most {amount}",
        "not_worse": f"not worse than {baseline} by more than {amount}",
        "better": f"better than {baseline} by more than {amount}",
    }
    return f"{score_name(score)} {texts[kind]}{f' for {part}' if part else ''}{', rated by people' if by_raters else ''}"


def format_limit(threshold: float, unit: str, *, is_difference: bool = False) -> str:
    """The number of a limit, as it was declared: "5%", "2 percentage points", "1.5"."""
    if unit != "fraction":
        return f"{threshold:g}"
    percent = f"{100 * threshold:g}"
    return f"{percent} percentage points" if is_difference else f"{percent}%"


def limit_subject(rule: Rule) -> str:
    """What a limit is about, inside a sentence: "critical errors"."""
    name = score_name(rule.score)
    return name if name.isupper() or name == rule.score else name[:1].lower() + name[1:]


def measured_amount(result: GuardrailResult) -> str:
    """What was measured, with its limits; a dash where nothing was."""
    if result.estimate is None:
        return numbers.NOTHING
    if result.rule.rule in ("not_worse", "better"):
        value, ends = numbers.signed(result.estimate, result.unit), numbers.signed_interval(result.low, result.high, result.unit)
    elif result.unit == "fraction":
        value, ends = numbers.share(result.estimate), numbers.share_interval(result.low, result.high)
    else:
        value, ends = numbers.score(result.estimate, result.unit), numbers.interval(result.low, result.high, result.unit)
    return f"{value} ({ends})" if ends else value


def list_guardrails(results: Sequence[GuardrailResult]) -> TextTable:
    """A row for each strategy and limit."""
    rows = tuple(
        (strategy_name(each.strategy), limit_title(each.rule, each.unit), measured_amount(each), STATUS_NAMES[each.status])
        for each in results
    )
    return TextTable("Guardrails", GUARDRAIL_COLUMNS, (False, False, True, False), rows, note_guardrails(results))


def note_guardrails(results: Sequence[GuardrailResult]) -> str:
    """Below the table of guardrails: what its words mean."""
    notes = [text for status, text in _MEANINGS.items() if any(each.status == status for each in results)]
    raters = "values from raters are those of the human review" if any(each.measured_by == "raters" for each in results) else ""
    text = "; ".join(filter(None, ["in brackets, one-sided limits, 95% for all strategies together", *notes, raters]))
    return f"{text[:1].upper()}{text[1:]}." if results else ""
