"""The guardrails of a task: what each demands, what was measured, and whether it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.gate import GuardrailResult, GuardrailStatus
from harness.reporting.wording import numbers
from harness.reporting.wording.names import score_in_sentence, score_name, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.types import Rule, RuleKind

STATUS_NAMES: Mapping[GuardrailStatus, str] = {
    "kept": "kept",
    "broken": "broken",
    "undecided": "not shown",
    "no_evidence": "not measured",
    "untrusted": "not verified",
}
REFERENCE = "is the reference"  # of the strategy that the others are compared with
GUARDRAIL_COLUMNS = ("strategy", "limit", "measured", "kept?")
_MEANINGS: Mapping[GuardrailStatus, str] = {
    "undecided": "“not shown”: the test set cannot show that the limit is kept",
    "no_evidence": "“not measured”: the score has no value",
    "untrusted": "“not verified”: the score has not been shown to agree with people, so it does not count as kept",
}
_BROKEN_BY_ESTIMATE = "“broken”: the measured value is beyond the limit, also where the test set does not show more than that"


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
    return f"{score_name(score)} {texts[kind]}{f' for {name_part(part)}' if part else ''}{', rated by people' if by_raters else ''}"


def name_part(part: str) -> str:
    """A part of the test examples: "class=urgent" → "class = urgent"."""
    return part.replace("=", " = ", 1)


def format_limit(threshold: float, unit: str, *, is_difference: bool = False) -> str:
    """The number of a limit, as it was declared: "5%", "2 percentage points", "1.5"."""
    if unit != "fraction":
        return f"{threshold:g}"
    percent = f"{100 * threshold:g}"
    return f"{percent} percentage point{'' if percent == '1' else 's'}" if is_difference else f"{percent}%"


def format_amount(value: float, low: float | None, high: float | None, unit: str, *, is_difference: bool) -> str:
    """What a limit is compared with, and its confidence limits: "60% (48–71%)", "−31.4 (−42.8 to −19.3) percentage points", "1.42"."""
    if is_difference and unit == "fraction":
        points, lowest, highest = (None if number is None else 100 * number for number in (value, low, high))
        ends = numbers.signed_interval(lowest, highest, "points")
        return f"{numbers.signed(points, 'points')}{f' ({ends})' if ends else ''} percentage points"
    if is_difference:
        shown, ends = numbers.signed(value, unit), numbers.signed_interval(low, high, unit)
    elif unit == "fraction":
        shown, ends = numbers.share(value), numbers.share_interval(low, high)
    else:
        shown, ends = numbers.score(value, unit), numbers.interval(low, high, unit)
    return f"{shown} ({ends})" if ends else shown


def limit_subject(rule: Rule) -> str:
    """What a limit is about, inside a sentence: "critical errors"."""
    return score_in_sentence(rule.score)


def measured_amount(result: GuardrailResult) -> str:
    """What was measured, with its limits; a dash where nothing was, and for the strategy that others are compared with."""
    if result.estimate is None or result.is_reference:
        return numbers.NOTHING
    amount = format_amount(result.estimate, result.low, result.high, result.unit, is_difference=result.rule.compares)
    return f"{amount}, on {result.n:,} of {result.examples:,} examples" if 0 < result.n < result.examples else amount


def status_name(result: GuardrailResult) -> str:
    """Whether the limit is kept, in a few words."""
    return REFERENCE if result.is_reference else STATUS_NAMES[result.status]


def list_limits(results: Sequence[GuardrailResult]) -> tuple[str, ...]:
    """The limit of each result; where a strategy has no value, in the unit of one that has."""
    units = {each.rule: each.unit for each in results if each.unit}
    return tuple(limit_title(each.rule, units.get(each.rule, "")) for each in results)


def list_guardrails(results: Sequence[GuardrailResult]) -> TextTable:
    """A row for each strategy and limit."""
    rows = tuple(
        (strategy_name(each.strategy), limit, measured_amount(each), status_name(each))
        for each, limit in zip(results, list_limits(results), strict=True)
    )
    return TextTable("Guardrails", GUARDRAIL_COLUMNS, (False, False, True, False), rows, note_guardrails(results))


def note_guardrails(results: Sequence[GuardrailResult]) -> str:
    """Below the table of guardrails: what its words mean."""
    notes = [text for status, text in _MEANINGS.items() if any(each.status == status for each in results)]
    if any(each.status == "broken" and each.claim != "refuted" for each in results):
        notes.insert(0, _BROKEN_BY_ESTIMATE)
    raters = "values from raters are those of the human review" if any(each.measured_by == "raters" for each in results) else ""
    leaks = any(each.measured_by == "leak_test" for each in results)
    planted = "values of the leak test are about recipes: other models, trained with planted secrets" if leaks else ""
    text = "; ".join(filter(None, ["in brackets, one-sided limits, 95% for all strategies together", *notes, raters, planted]))
    return f"{text[:1].upper()}{text[1:]}." if results else ""
