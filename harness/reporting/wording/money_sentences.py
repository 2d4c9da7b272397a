"""What strategies cost in use: a month, per acceptable output, once, and when training has paid for itself."""

from __future__ import annotations

import json
import math

from harness.reporting.views import TaskOutcome
from harness.reporting.views.sections import Money, MoneyRow
from harness.reporting.wording import numbers, speed_sentences
from harness.reporting.wording.names import list_names, list_strategies_first, score_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.results import Payback

SECTION = "What it costs"
VOLUME, PRICE = "Outputs a month", "Price of a device-hour"
COLUMNS = ("Strategy", "Cost a month", "Acceptable outputs", "Per 1,000 acceptable", "Training, once", "Training pays for itself")
SEARCH_COLUMN = "Search, once"
REVIEW_COLUMN = "Time to rate an output"
ASSUMPTIONS = "What these costs assume"
NEVER, AT_ONCE, AFTER = "never: outputs cost no less", "from the first output", "after {outputs} outputs"
UNKNOWN = "not known"
OR_MORE = "{low} or more"
_HOUR = 3600


def title_money(money: Money) -> str:
    """The title of the table."""
    return f"Cost at {numbers.plural(money.volume, 'output')} a month"


def build_money_table(task: TaskOutcome) -> TextTable:
    """The costs of every strategy, for the terminal and Markdown."""
    money = task.money
    rows = tuple(
        (
            strategy_name(row.label),
            describe_month(row),
            describe_acceptable(row),
            describe_acceptable_price(row),
            describe_training(row),
            describe_payback(row.use.payback),
            describe_search(row),
        )
        for row in money.rows
    )
    hidden = {*(() if money.accepted_by else (2, 3)), *(() if money.has_search else (len(COLUMNS),))}
    names = (*COLUMNS, SEARCH_COLUMN)
    shown = [i for i in range(len(names)) if i not in hidden]
    columns = tuple(names[i] for i in shown)
    return TextTable(
        title_money(money), columns, tuple(i > 0 for i in range(len(shown))), tuple(tuple(row[i] for i in shown) for row in rows)
    )


def describe_month(row: MoneyRow) -> str:
    """The running cost of a month in money; without a price the hours of the device."""
    if row.use.monthly_price is not None:
        return numbers.money(row.use.monthly_price, row.costs.currency)
    seconds = row.use.monthly_seconds
    return numbers.NOTHING if seconds is None else f"{numbers.count(seconds / _HOUR)} device-hours"


def describe_training(row: MoneyRow) -> str:
    """The one-off cost to train in money; without a price the time."""
    if row.costs.training_is_unknown:
        return UNKNOWN
    if row.costs.training_price is not None:
        return numbers.money(row.costs.training_price, row.costs.currency)
    return numbers.seconds(row.costs.training_seconds) if row.costs.timed else numbers.NOTHING


def describe_search(row: MoneyRow) -> str:
    """The one-off cost of the search of its values in money; without a price the time."""
    costs = row.costs
    if not costs.search_seconds:
        return numbers.NOTHING
    return numbers.seconds(costs.search_seconds) if costs.search_price is None else numbers.money(costs.search_price, costs.currency)


def describe_acceptable(row: MoneyRow) -> str:
    """The share of outputs that are acceptable."""
    return numbers.share(row.use.acceptable.value) if row.use.acceptable else numbers.NOTHING


def acceptable_interval(row: MoneyRow) -> str:
    """The interval of that share; empty where there is none."""
    share = row.use.acceptable
    return numbers.share_interval(share.low, share.high) if share else ""


def describe_acceptable_price(row: MoneyRow) -> str:
    """The price of 1,000 acceptable outputs."""
    price = row.use.acceptable_price
    if price is None:
        is_none = row.use.acceptable is not None and row.use.acceptable.value == 0
        return "none acceptable" if is_none else numbers.NOTHING
    return numbers.money(1000 * price, row.costs.currency)


def acceptable_price_interval(row: MoneyRow) -> str:
    """The interval of that price, which is that of the share; empty where there is none."""
    use, currency = row.use, row.costs.currency
    if use.acceptable_price is None or use.acceptable_low is None:
        return ""
    low = numbers.money(1000 * use.acceptable_low, currency)
    return OR_MORE.format(low=low) if use.acceptable_high is None else f"{low}–{numbers.money(1000 * use.acceptable_high, currency)}"


def describe_payback(payback: Payback | None) -> str:
    """After how many outputs training has paid for itself."""
    if payback is None or payback.code == "unknown":
        return numbers.NOTHING
    if payback.code == "after":
        return AFTER.format(outputs=numbers.count(payback.outputs))
    return NEVER if payback.code == "never" else AT_ONCE


def describe_review_time(row: MoneyRow) -> str:
    """The median time that people took to rate an output."""
    return numbers.NOTHING if row.review is None else numbers.seconds(60 * row.review.minutes)


def write_page_texts(money: Money) -> str:
    """The texts that the page's script writes when the volume or the price changes, as JSON."""
    prefix, suffix = numbers.currency_affixes(money.currency)
    texts = {"never": NEVER, "at_once": AT_ONCE, "after": AFTER, "or_more": OR_MORE, "prefix": prefix, "suffix": suffix}
    return json.dumps(texts, ensure_ascii=False)


def list_row_data(row: MoneyRow) -> list[tuple[str, str]]:
    """What the script computes the costs of a strategy from: names and numbers of `data-` attributes."""
    use, share = row.use, row.use.acceptable
    is_fixed = row.costs.answer_seconds is None and row.costs.thousand_price is not None
    values = {
        "seconds": row.seconds,
        "training-seconds": row.training_seconds,
        "search-seconds": row.search_seconds or None,
        "output-price": (row.costs.thousand_price or 0.0) / 1000 if is_fixed else None,
        "charged": row.costs.charged_price / 1000 if not is_fixed and row.costs.charged_price else None,
        "share": share.value if share else None,
        "share-low": share.low if use.acceptable_price is not None and share else None,
        "share-high": share.high if use.acceptable_price is not None and share else None,
    }
    return [(name, repr(float(value))) for name, value in values.items() if value is not None]


def list_assumptions(task: TaskOutcome) -> list[str]:
    """What the costs assume."""
    money = task.money
    if not money.rows:
        return []
    source = f" ({money.source})" if money.source else ""
    hour = numbers.money(money.per_hour, money.currency)
    price = f"An hour of the device costs {hour}" if money.per_hour is not None else "The price of the device is not known"
    timed = [row for row in money.rows if row.costs.timed]
    runs = max((row.costs.cells for row in timed), default=0)
    sentences = [
        f"{price}{source}.",
        "Outputs are generated in batches as fast as in this run, and the device is used without a break. Loading the model, idle time, "
        "storage and people are not included.",
        *([alone] if (alone := speed_sentences.describe_monthly_assumption(task)) else []),
        "Training is paid once and is not part of the cost of a month.",
        *([_describe_clock(runs)] if runs else []),
    ]
    if joint := [row.label for row in money.rows if row.trained_together]:
        sentences.append(f"{list_strategies_first(joint)} trained together with other cells: what a training alone costs was not measured.")
    if money.has_search:
        sentences.append(
            "The search of a strategy's values is paid once, for any number of trainings after it. It is not part of the cost to "
            "train, and not of what training must pay for."
        )
    if any(_is_other_machine(row) for row in timed):
        sentences.append("Some experiments ran on another number of cores, at the price of those cores.")
    if any(row.use.payback and row.use.payback.code != "unknown" for row in money.rows):
        sentences.append("Training pays for itself when cheaper outputs have saved what it costs more than using the untuned model.")
    return [*sentences, *_describe_acceptance(task)]


def _is_other_machine(row: MoneyRow) -> bool:
    measured = row.costs.answer_seconds
    return bool(measured) and row.seconds is not None and not math.isclose(row.seconds, measured or 0.0, rel_tol=0.01)


def _describe_clock(runs: int) -> str:
    times = "Each time was measured once" if runs == 1 else f"Times are means over up to {runs} training runs"
    return f"{times}, without an interval: small differences in speed can be chance."


def _describe_acceptance(task: TaskOutcome) -> list[str]:
    money = task.money
    if not money.accepted_by:
        return ["There is no cost per acceptable output: the task has no score of critical errors and sets no limit on single outputs."]
    critical = [name for name in money.accepted_by if name.startswith("critical_error")]
    limits = [score_in_sentence(name) for name in money.accepted_by if name not in critical]
    parts = [*(["has no critical error"] if critical else []), *([f"keeps the limits on {list_names(limits)}"] if limits else [])]
    doubt = [name for name in money.accepted_by if name in task.unchecked]
    checked = f" {list_names([score_in_sentence(name) for name in doubt])}: not checked against people." if doubt else ""
    return [f"An output is acceptable if it {' and '.join(parts)}, measured automatically on the test examples.{checked}"]
