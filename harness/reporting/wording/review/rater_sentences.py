"""What happened where raters disagreed, failed checks or were excluded: sentences, the same in the terminal and in the report."""

from __future__ import annotations

from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL
from harness.reporting.wording.names import list_names
from harness.review import Findings, Mode
from harness.review.findings import CHECKS_PASSED, Disagreements, OrderEffect, RaterSummary
from harness.text import one_line

_MAX_REASON = 200
_WHAT_DIFFERS: dict[Mode, str] = {
    "pairwise": "raters prefer opposite outputs",
    "errors": "some raters see a critical error and others do not",
    "scales": "answers on a scale are more than {steps} apart",
}


def describe_disagreements(findings: Findings) -> list[str]:
    """How many items raters disagree about, and what an adjudicator has settled."""
    disagreements = findings.disagreements
    if disagreements is None or not (disagreements.disputed or disagreements.adjudicated):
        return []
    sentences = []
    if disagreements.disputed:
        what = _WHAT_DIFFERS[findings.mode].format(steps=numbers.plural(disagreements.more_than, "step"))
        shared = f"{numbers.count(disagreements.disputed)} of {numbers.plural(disagreements.items, 'item')} that several raters rated"
        sentences.append(f"On {shared}, {what}.")
    if not disagreements.adjudicated:
        sentences.append(f"Someone else can settle them: bench review adjudicate with --packet {findings.packet}.")
    elif disagreements.counts:
        sentences.append(_describe_settled(disagreements))
    else:
        waiting = numbers.plural(disagreements.waiting, "item")
        sentences.append(
            f"{numbers.plural(disagreements.adjudicated, 'item')} adjudicated, {waiting} not yet, so the results still rest on the raters "
            "alone. They rest on the adjudication once every disagreement is settled."
        )
    if disagreements.repeated:
        verb = "was" if disagreements.repeated == 1 else "were"
        sentences.append(
            f"{numbers.plural(disagreements.repeated, 'item')} {verb} adjudicated in more than one packet: the last answer counts."
        )
    return sentences


def _describe_settled(disagreements: Disagreements) -> str:
    names = list_names(list(disagreements.adjudicators))
    seen = "with the raters’ answers in view" if disagreements.saw_ratings else "without seeing the raters’ answers"
    changed = f"{numbers.count(disagreements.changed)} of {numbers.plural(disagreements.adjudicated, 'item')}"
    return (
        f"{one_line(names)} settled every disagreement, {seen}. The results rest on that: it changed the result of {changed}. Items on "
        "which the raters agree were not checked again."
    )


def describe_careless_raters(findings: Findings) -> list[str]:
    """The raters who clearly miss too many items with known answers; what to do is the user's decision."""
    careless = [rater for rater in findings.raters if rater.is_careless and rater.excluded is None]
    if not careless:
        return []
    parts = [f"{one_line(rater.name)} answered {format_checks(rater)} right" for rater in careless]
    return [
        f"Of the items with known answers, {list_names(parts)}: clearly fewer than {numbers.share(CHECKS_PASSED)}. The ratings still "
        "count. To leave them out: bench review exclude with --reason."
    ]


def describe_order_effects(findings: Findings) -> list[str]:
    """Learning and fatigue, where they are clear; nothing otherwise."""
    clear = [effect for effect in findings.order_effects if effect.is_clear]
    if not clear:
        return []
    sentences = [_DESCRIBE[effect.kind](effect) for effect in clear]
    return [*sentences, "The order of items was random for each rater, so this favours no strategy."]


def _describe_time(effect: OrderEffect) -> str:
    cause = "raters learn, or hurry" if effect.change < 1 else "raters tire"
    ends = f" ({CONFIDENCE_INTERVAL} {effect.low:.2f}–{effect.high:.2f})" if effect.low is not None and effect.high is not None else ""
    return f"{one_line(effect.rater)} took {effect.change:.2f} times as long for an item in the second half as in the first{ends}: {cause}."


def _describe_agreement(effect: OrderEffect) -> str:
    if effect.change < 0:
        direction, advice = "less", "This may be fatigue: give each rater fewer items"
    else:
        direction, advice = "more", "This may be learning: let raters practise on some examples first"
    return f"{one_line(effect.rater)} agreed {direction} with the other raters in the second half ({_format_points(effect)}). {advice}."


def _describe_strictness(effect: OrderEffect) -> str:
    direction = "stricter" if effect.change > 0 else "more lenient"
    return f"{one_line(effect.rater)} was {direction} in the second half than in the first ({_format_points(effect, ' of the scale')})."


_DESCRIBE = {"time": _describe_time, "agreement": _describe_agreement, "strictness": _describe_strictness}


def _format_points(effect: OrderEffect, unit: str = "") -> str:
    change, low, high = (None if end is None else f"{100 * end:+.0f}".replace("-", "−") for end in (effect.change, effect.low, effect.high))
    return f"{change} points{unit}" if low is None else f"{change} points{unit}, {CONFIDENCE_INTERVAL} {low} to {high}"


def describe_exclusions(findings: Findings, with_all: str) -> str:
    """Whose ratings were left out and why, and the result with every rater."""
    excluded = [(rater.name, rater.excluded) for rater in findings.raters if rater.excluded is not None]
    excluded += findings.disagreements.excluded if findings.disagreements is not None else ()
    names = list_names([f"{one_line(name)} (“{one_line(reason, _MAX_REASON)}”)" for name, reason in excluded])
    return f"Excluded by decision of the user: {names}. With every rater: {with_all}"


def format_checks(rater: RaterSummary) -> str:
    """The items with known answers that a rater answered right: "2 of 6 (95% CI 4–78%)"."""
    interval = numbers.share_interval(rater.checks_low, rater.checks_high)
    return f"{rater.checks_passed} of {rater.checks} ({CONFIDENCE_INTERVAL} {interval})"
