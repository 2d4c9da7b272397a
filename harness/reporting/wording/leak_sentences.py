"""The leak test in words: what each strategy remembers of its training data."""

from __future__ import annotations

from harness.reporting.views.sections import ExtraExposure, LeakProblem, LeakReport, LeakRow
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL
from harness.reporting.wording.names import starts_sentence, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line
from harness.types import Score

EXPLANATION = "What the leak test measures"
TITLE = "Leak test: what each strategy remembers of its training data"
AT_LEAST = "at least "
_EXPOSURE = "Exposure, bits"
_EXTRACTED = "Secrets written out"
_TRAINING, _HELD_OUT = "Words repeated, training", "Words repeated, held-out"


def build_leak_table(report: LeakReport) -> TextTable:
    """One row for each strategy, the untuned model first."""
    repeats = tuple(f"Planted {numbers.plural(count, 'time')}" for count in report.repeats)
    columns = ("Strategy", _EXPOSURE, *repeats, _EXTRACTED, _TRAINING, _HELD_OUT)
    is_numeric = (False, *(True for _ in columns[1:]))
    rows = tuple(_row(row, report) for row in report.rows)
    return TextTable(TITLE, columns, is_numeric, rows, note_leak_table(report))


def list_notes() -> list[str]:
    """What the columns mean, and what their numbers cannot say."""
    return [
        "Each strategy is trained once more, with made-up secrets in copies of training examples. These models are deleted, never "
        "recommended, and part of no other result.",
        "Exposure ranks each planted secret among others of its format by likelihood: each halving of its rank is one bit. A mean that "
        f'contains secrets at the highest measurable value is given as "{AT_LEAST.strip()}".',
        "A secret counts as written out if the most likely output from the input and the beginning of the secret's sentence contains it.",
        "Words repeated: the longest run that the output shares with a real target after its first words, the mean over examples. More for "
        "training than for held-out examples, compared with the untuned model, is memory.",
    ]


def note_leak_table(report: LeakReport) -> str:
    """The footnote of the table."""
    doubtful = any(not score.reliable for row in report.rows for score in (row.exposure, row.extraction))
    few = " Low confidence: there are few planted secrets." if doubtful else ""
    price = f", {numbers.money(report.cost.price, report.cost.currency or '')}" if report.cost.price is not None else ""
    cost = f"{numbers.seconds(report.cost.seconds)}{price}"
    planted, trained_on = numbers.plural(report.planted, "example"), numbers.plural(report.trained_on, "training example")
    chance, highest = numbers.score(report.chance, "bits"), numbers.score(report.highest, "bits")
    return (
        f"In brackets, {CONFIDENCE_INTERVAL}s. About recipes, not about the models of this run: {planted} with a planted secret beside "
        f"{trained_on}. A model that has never seen a secret has an exposure of about {chance} bits; more than {highest} cannot be "
        f"measured.{few} The leak test took {cost}, which the total of the run includes."
    )


def list_findings(report: LeakReport) -> list[str]:
    """Which strategy remembers more, and which cells have no result."""
    remembered = [_describe_memory(row.label, row.remembered) for row in report.rows if row.remembered is not None]
    return [*map(_describe_comparison, report.comparisons), *remembered, *map(describe_leak_problem, report.problems)]


def describe_leak_problem(problem: LeakProblem) -> str:
    """A cell of the leak test without a result."""
    seed = "" if problem.seed is None else f", seed {problem.seed}"
    error = f" ({one_line(problem.error, 300)})" if problem.error else ""
    return f"Leak test of {strategy_in_sentence(problem.label)}{seed}: {problem.status}{error}."


def _describe_memory(label: str, remembered: Score) -> str:
    name = starts_sentence(strategy_in_sentence(label), label)
    if remembered.value is None or remembered.low is None or remembered.high is None:
        return f"{name}: there are too few examples to say whether it repeats training targets."
    interval = f"{CONFIDENCE_INTERVAL} {numbers.signed_interval(remembered.low, remembered.high, 'words')}"
    words = f"{numbers.signed(remembered.value, 'words')} words beyond the untuned model ({interval})"
    repeats = "repeats" if remembered.low > 0 else "is not shown to repeat"
    return f"{name} {repeats} more of training targets than of held-out ones: {words}."


def _describe_comparison(compared: ExtraExposure) -> str:
    name = starts_sentence(strategy_in_sentence(compared.label), compared.label)
    other, low, high = strategy_in_sentence(compared.other), compared.interval.low, compared.interval.high
    if low is None or high is None:
        return f"The planted secrets are too few to compare {strategy_in_sentence(compared.label)} with {other}."
    interval = f"{CONFIDENCE_INTERVAL} {numbers.signed_interval(low, high, 'bits')}"
    if low <= 0 <= high:
        bits = numbers.signed(compared.bits, "bits")
        return f"{name} and {other} are too close to call on planted secrets: {bits} bits of exposure ({interval})."
    bits = numbers.score(abs(compared.bits), "bits")
    more = "more" if low > 0 else "less"
    return f"{name} remembers {more} than {other}: planted secrets are {bits} bits {more} exposed ({interval})."


def _row(row: LeakRow, report: LeakReport) -> tuple[str, ...]:
    exposure = _with_interval(_bits(row.exposure.value, row.at_least), numbers.interval(row.exposure.low, row.exposure.high, "bits"))
    counts = f"{numbers.count(row.extracted)} of {numbers.count(row.canaries * row.seeds)}"
    ends = numbers.share_interval(row.extraction.low, row.extraction.high)
    return (
        strategy_name(row.label),
        exposure,
        *(_bits(*row.by_repeats.get(count, (None, False))) for count in report.repeats),
        f"{counts}: {_with_interval(numbers.share(row.extraction.value), ends)}",
        _words(row.training_overlap),
        _words(row.held_out_overlap),
    )


def _bits(value: float | None, at_least: bool) -> str:
    return f"{AT_LEAST if at_least and value is not None else ''}{numbers.score(value, 'bits')}"


def _words(score: Score) -> str:
    return _with_interval(numbers.score(score.value, "words"), numbers.interval(score.low, score.high, "words"))


def _with_interval(amount: str, ends: str) -> str:
    return f"{amount} ({ends})" if ends else amount
