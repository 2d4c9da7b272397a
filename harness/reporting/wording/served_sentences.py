"""What a running server answered, compared with the stored model."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.views.sections import ServedComparison
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import LOW_CONFIDENCE_MARK, LOW_CONFIDENCE_NOTE
from harness.reporting.wording.names import strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.results import TimeQuantile
from harness.types import ServedMeasurement

TITLE = "Answers of a running server"
COLUMNS = (
    "Strategy", "Different answers", "Score, server", "Score, stored model", "Difference", "Median time", "95th percentile", "1,000 alone",
    "Answers/s", "Requests at a time", "1,000 together",
)  # fmt: skip


def build_served_table(served: Sequence[ServedComparison]) -> TextTable:
    """The answers of servers beside those of the stored models, for every form of the report."""
    rows = tuple(_cells(each) for each in served)
    return TextTable(TITLE, COLUMNS, tuple(i > 0 for i in range(len(COLUMNS))), rows, under=" ".join(describe_served(served)))


def describe_served(served: Sequence[ServedComparison]) -> list[str]:
    """Which servers answered, how, and what the comparison does not show."""
    sentences = []
    for each in served:
        measured = each.measured
        sentences.append(
            f"{strategy_name(each.label)}: the model '{measured.model}' at {measured.address} answered all "
            f"{numbers.plural(measured.answers, 'test example')}, by {measured.score}."
        )
        sentences += _list_doubts(measured)
    prices = [each for each in served if each.measured.per_hour is not None]
    if prices:
        price = numbers.money(prices[0].measured.per_hour, prices[0].measured.currency)
        sentences.append(f"Costs assume that the server's device costs as much as that of this run, {price} an hour.")
    if any(each.measured.low is not None and not each.measured.reliable for each in served):
        sentences.append(LOW_CONFIDENCE_NOTE)
    return sentences


def describe_served_answers(measured: ServedMeasurement) -> str:
    """A line about a server, when it has answered everything."""
    different = "no answer differs" if measured.different == 0 else f"{numbers.count(measured.different)} differ"
    scores = f"{measured.score} {numbers.score(measured.served)} vs. {numbers.score(measured.stored)} as stored"
    return f"the server answered {numbers.plural(measured.answers, 'test example')}; {different} from the stored model's ({scores})"


def _list_doubts(measured: ServedMeasurement) -> list[str]:
    sentences = []
    if measured.other_prompts:
        sentences.append(
            f"The server read {numbers.count(measured.other_prompts)} of the prompts as other tokens than the run's model did, which "
            "changes answers: its tokenizer differs, or adds tokens."
        )
    if measured.label_source == "parsed":
        sentences.append(
            "The server gives no log-probabilities of labels, so that labels were read from the text that it wrote; the stored model chose "
            "the most likely one."
        )
    if measured.without_label:
        sentences.append(f"{numbers.count(measured.without_label)} answers name no label and count as wrong.")
    if measured.retries:
        sentences.append(f"{numbers.plural(measured.retries, 'request')} had to be repeated.")
    return sentences


def _cells(each: ServedComparison) -> tuple[str, ...]:
    measured, costs = each.measured, each.costs
    interval = numbers.signed_interval(measured.low, measured.high)
    mark = f" {LOW_CONFIDENCE_MARK}" if interval and not measured.reliable else ""
    return (
        strategy_name(each.label),
        f"{numbers.count(measured.different)} of {numbers.count(measured.answers)}",
        numbers.score(measured.served),
        numbers.score(measured.stored),
        f"{numbers.signed(measured.difference)}{f' ({interval})' if interval else ''}{mark}",
        _quantile(costs.median),
        _quantile(costs.percentile_95),
        numbers.money(costs.alone_thousand_price, costs.currency),
        numbers.NOTHING if costs.per_second is None else f"{costs.per_second:.3g}",
        numbers.count(costs.at_once),
        numbers.money(costs.together_thousand_price, costs.currency),
    )


def _quantile(value: TimeQuantile | None) -> str:
    if value is None:
        return numbers.NOTHING
    return f"{numbers.latency(value.seconds)}{'' if value.interval.reliable else f' {LOW_CONFIDENCE_MARK}'}"
