"""Hosted strategies and the own ones that could replace them: from which volume on that costs less, and what this assumes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from harness.decision import DecisionReason
from harness.reporting.views.sections import HostedRival, QualityStanding, ReplacementReport, ReplacementRow
from harness.reporting.wording import numbers
from harness.reporting.wording.names import score_in_sentence, starts_sentence, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.results import BreakEven, HostedReplacement

COLUMNS = ("Strategy", "As good?", "Costs less from", "Cost a month", "Hosted, a month")
INPUTS = {
    "hosted": "Hosted, per 1,000 outputs",
    "price": "A device-hour",
    "hours": "Device-hours paid a month",
    "utilisation": "Share of the time in use",
    "months": "Months until the next training",
    "minutes": "Minutes to correct an output",
    "reviewer": "An hour of that person",
}
AXIS_VOLUME = "outputs a month (log scale)"
FROM, ALWAYS, NEVER, UNKNOWN = "about {volume} outputs a month", "any volume", "never", "a price is missing"
RANGE, OPEN_RANGE = "{low}–{high}", "{low} or more"
_QUALITY: Mapping[QualityStanding, str] = {
    "shown": "yes, within {margin}",
    "not_shown": "not shown",
    "excluded": "ruled out",
    "not_compared": "not compared",
}


def title_rival(rival: HostedRival) -> str:
    """The title of the table and of the chart."""
    return f"Replacing {strategy_in_sentence(rival.label)}"


def axis_money(report: ReplacementReport) -> str:
    """The axis of the cost."""
    return f"cost a month, {report.currency} (log scale)"


def build_replacement_table(report: ReplacementReport, rival: HostedRival) -> TextTable:
    """The own strategies instead of one hosted strategy."""
    rows = tuple(
        (
            strategy_name(row.replacement.strategy),
            describe_quality(row, report),
            _with_range(row.replacement.break_even),
            describe_own_month(row, report),
            describe_hosted_month(row, report),
        )
        for row in rival.rows
    )
    return TextTable(title_rival(rival), COLUMNS, (False, False, True, True, True), rows, " ".join(list_assumptions(report)))


def describe_quality(row: ReplacementRow, report: ReplacementReport) -> str:
    """Whether the strategy is as good as the hosted one."""
    return _QUALITY[row.quality].format(margin=numbers.margin(report.margin))


def describe_break_even(point: BreakEven) -> str:
    """From which volume on the own strategy costs less."""
    if point.code == "from":
        return FROM.format(volume=numbers.rounded_up(point.volume))
    return {"always": ALWAYS, "never": NEVER}.get(point.code, UNKNOWN)


def describe_range(point: BreakEven) -> str:
    """The volumes that the intervals allow; empty where there are none."""
    if point.code != "from" or point.low is None:
        return ""
    low = numbers.rounded_down(point.low)
    return OPEN_RANGE.format(low=low) if point.high is None else RANGE.format(low=low, high=numbers.rounded_up(point.high))


def compare_costs(replacement: HostedReplacement) -> str:
    """From which volume on an own strategy costs less than a hosted one, without its name; empty where a price is missing."""
    point, hosted = replacement.break_even, strategy_in_sentence(replacement.hosted)
    if point.code == "from":
        return f"less than {hosted} from {_with_range(point)} on"
    return {"always": f"less than {hosted} at any volume", "never": f"more than {hosted} at any volume"}.get(point.code, "")


def describe_own_month(row: ReplacementRow, report: ReplacementReport) -> str:
    """The cost of a month of the own strategy at the volume of the task."""
    own = row.replacement.own_amounts
    reviewed = row.replacement.break_even.reviewed
    return numbers.NOTHING if own is None else numbers.money(own.monthly(report.volume, report.spec, reviewed=reviewed), report.currency)


def describe_hosted_month(row: ReplacementRow, report: ReplacementReport) -> str:
    """The cost of a month of the hosted strategy at the volume of the task."""
    hosted = row.replacement.hosted_amounts
    reviewed = row.replacement.break_even.reviewed
    return (
        numbers.NOTHING if hosted is None else numbers.money(hosted.monthly(report.volume, report.spec, reviewed=reviewed), report.currency)
    )


def list_assumptions(report: ReplacementReport) -> list[str]:
    """What the break-even assumes."""
    spec = report.spec
    hour = "" if report.per_hour is None else f" at {numbers.money(report.per_hour, report.currency)}"
    kept = (
        f"{numbers.count(spec.hours)} device-hours a month{hour} are paid in any case"
        if spec.hours
        else "only device-hours in use are paid"
    )
    months = "every month" if spec.months == 1 else f"every {spec.months:g} months"
    sentences = [
        f"Costs a month at {numbers.plural(report.volume, 'output')}: {kept}, and the device answers in {numbers.share(spec.utilisation)} "
        f"of the paid time; training, with the search of its values, is paid {months}."
    ]
    if report.counts_people:
        price = numbers.money(spec.reviewer_price, report.currency)
        sentences.append(f"A person needs {spec.review_minutes:g} minutes, at {price} an hour, for an output that is not acceptable.")
    elif spec.review_minutes and spec.reviewer_price:
        sentences.append("People are not counted, because no score decides which outputs are acceptable.")
    else:
        sentences.append("People are not counted.")
    if any(row.replacement.break_even.low is not None for rival in report.rivals for row in rival.rows):
        shares = " and of the shares of acceptable outputs" if report.counts_people else ""
        sentences.append(
            f"Ranges come from the 95% CIs of the tokens of an output{shares}, for inputs like those of the test set. Prices, training and "
            "speed are those of this run."
        )
    return sentences


def describe_replacement(reason: DecisionReason, score: str, *, is_cascade: bool) -> str:
    """The sentence of the decision.

    Args:
        score: the name of the primary score.
        is_cascade: whether the own strategy passes some answers on to a hosted one, so that it does not replace that as a whole.
    """
    own, hosted = strategy_in_sentence(reason.strategy), strategy_in_sentence(reason.texts["hosted"][0])
    point, when = reason.numbers, reason.texts["when"][0]
    margin = f"{numbers.margin(point['margin'])} in {score_in_sentence(score)}"
    if when == "unproven":
        return starts_sentence(f"{own} cannot replace {hosted} yet: it may be worse by more than {margin}.", reason.strategy)
    quality = f"it is not worse by more than {margin}"
    advice = f"Use {own} instead of {hosted} alone" if is_cascade else f"Replace {hosted} by {own}"
    if when == "from":
        volume = describe_break_even(BreakEven("from", _whole(point["volume"])))
        ends = describe_range(BreakEven("from", low=_whole(point.get("low")), high=_whole(point.get("high"))))
        return f"{advice} from {volume} on{f' ({ends})' if ends else ''}: it costs less there, and {quality}."
    if when == "always":
        return f"{advice} at any volume: it costs less, and {quality}."
    if when == "never":
        return starts_sentence(f"{own} costs more than {hosted} at any volume.", reason.strategy)
    unpriced = "whether it costs less is not known, because a price is missing"
    return starts_sentence(f"{own} is not worse than {hosted} by more than {margin}; {unpriced}.", reason.strategy)


def write_page_texts(report: ReplacementReport) -> str:
    """The texts that the page's script writes when an assumption changes, as JSON."""
    prefix, suffix = numbers.currency_affixes(report.currency)
    texts = {"from": FROM, "always": ALWAYS, "never": NEVER, "unknown": UNKNOWN, "range": RANGE, "open_range": OPEN_RANGE}
    return json.dumps(texts | {"prefix": prefix, "suffix": suffix, "nothing": numbers.NOTHING}, ensure_ascii=False)


def list_inputs(report: ReplacementReport, rival: HostedRival) -> list[tuple[str, str, str]]:
    """The assumptions that readers can change: name, label and value."""
    spec, hosted = report.spec, rival.rows[0].replacement.hosted_amounts
    values = {
        "hosted": None if hosted is None else 1000 * hosted.each,
        "price": report.per_hour,
        "hours": spec.hours,
        "utilisation": spec.utilisation,
        "months": spec.months,
        "minutes": spec.review_minutes,
        "reviewer": spec.reviewer_price,
    }
    money = {"hosted", "price", "reviewer"}
    return [
        (name, f"{INPUTS[name]}, {report.currency}" if name in money else INPUTS[name], "" if value is None else f"{value:.10g}")
        for name, value in values.items()
    ]


def list_row_data(row: ReplacementRow, rival: HostedRival) -> list[tuple[str, str]]:
    """What the script computes a break-even from: names and numbers of `data-` attributes."""
    money, other = row.money, rival.money
    own, hosted = row.replacement.own_amounts, row.replacement.hosted_amounts
    share = money.use.acceptable if money else None
    theirs = other.use.acceptable if other else None
    values = {
        "seconds": money.seconds if money else None,
        "training-seconds": money.training_seconds if money else None,
        "search-seconds": money.search_seconds if money else None,
        "charged": money.costs.charged_price / 1000 if money and money.costs.charged_price else None,
        "share": share.value if share else None,
        "share-low": share.low if share else None,
        "share-high": share.high if share else None,
        "hosted-share": theirs.value if theirs else None,
        "hosted-share-low": theirs.low if theirs else None,
        "hosted-share-high": theirs.high if theirs else None,
        "each-low": own.range.each[0] if own else None,
        "each-high": own.range.each[1] if own else None,
        "charged-low": own.range.charged[0] if own else None,
        "charged-high": own.range.charged[1] if own else None,
        "hosted-low": hosted.range.each[0] if hosted else None,
        "hosted-high": hosted.range.each[1] if hosted else None,
    }
    return [(name, repr(float(value))) for name, value in values.items() if value is not None]


def _with_range(point: BreakEven) -> str:
    ends = describe_range(point)
    return f"{describe_break_even(point)} ({ends})" if ends else describe_break_even(point)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
