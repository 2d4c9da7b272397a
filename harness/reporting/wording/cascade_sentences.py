"""What a cascade guarantees, on which examples its threshold was chosen, and the texts of its chart."""

from __future__ import annotations

from harness.reporting.views.sections import CascadeReport
from harness.reporting.wording import numbers
from harness.reporting.wording.names import score_in_sentence, score_name, strategy_in_sentence, strategy_name
from harness.types import CascadePoint

TITLE = "Cascade: what is kept, and what is passed on"
CHART = "Quality and cost over all thresholds"
LEGEND = "one point for each threshold, on the calibration examples; the ring is the chosen one"
AXIS_SHARE = "Share of answers passed on (%)"
METHOD = "How the threshold was chosen"
_CONFIDENCE = {
    "label_margin": "the probability of its most likely label exceeds that of the next one by at least {threshold}",
    "token_likelihood": "the likelihood of its tokens (geometric mean) is at least {threshold}",
}
_METHOD = (
    "The threshold was chosen by learn-then-test: from the safest threshold on, the hypothesis that the risk is exceeded is tested on the "
    "calibration examples, and the last threshold before the first that is not rejected is chosen.",
    "Calibration examples are half of the validation examples. Neither early stopping nor a search has seen them, and test examples have "
    "no part in the choice.",
    "The guarantee is about new inputs like these. It does not cover inputs that have changed since.",
)


def describe_guarantee(report: CascadeReport) -> str:
    """The guarantee in one sentence, or that nothing can be guaranteed."""
    measured, then = report.measured, strategy_in_sentence(report.then)
    unit = "calibration group" if measured.grouped else "calibration example"
    units = numbers.plural(measured.units, unit)
    if measured.threshold is not None:
        grouped = ", each group counted the same" if measured.grouped else ""
        return (
            f"With {_share(report.confidence)} confidence at most {_share(report.risk)} of answers are kept and worse than those of "
            f"{then}{grouped}; {numbers.share(measured.passed_on)} of the test answers are passed on."
        )
    if measured.units < measured.smallest:
        return (
            f"Nothing can be guaranteed with {units}, so all answers are passed on: that at most {_share(report.risk)} are kept and worse, "
            f"at {_share(report.confidence)} confidence, takes at least {numbers.count(measured.smallest)}."
        )
    return (
        f"All answers are passed on: on {units}, no threshold is shown to keep at most {_share(report.risk)} of answers that are worse "
        f"than those of {then}, at {_share(report.confidence)} confidence."
    )


def describe_cascade(report: CascadeReport) -> list[str]:
    """The guarantee, the threshold, and the price beside that of the second strategy alone."""
    sentences = [describe_guarantee(report)]
    if report.measured.threshold is not None and report.chosen.passed_on > 0:
        condition = _CONFIDENCE[report.measured.confidence_kind].format(threshold=_threshold(report.measured.threshold))
        sentences.append(f"An answer of {strategy_in_sentence(report.first)} is kept where {condition}.")
    if report.prices and report.second_price is not None:
        price = numbers.money(report.prices[report.measured.chosen], report.currency)
        alone = numbers.money(report.second_price, report.currency)
        then = strategy_in_sentence(report.then)
        sentences.append(f"1,000 answers cost {price} if as many are passed on as of the calibration examples; {then} alone: {alone}.")
    if report.seeds > 1:
        sentences.append("These are the numbers of the first seed; each seed has a threshold of its own.")
    return sentences


def list_notes(report: CascadeReport) -> list[str]:
    """How the threshold was chosen."""
    measured = report.measured
    worse = f"An answer is worse if its {score_in_sentence(measured.score)} is lower."
    bound = "a bound for the mean over groups (Hoeffding and Bentkus)" if measured.grouped else "exact (Clopper and Pearson)"
    counted = numbers.plural(measured.examples, "calibration example")
    groups = f" in {numbers.plural(measured.units, 'group')}" if measured.grouped else ""
    return [*_METHOD, f"{worse} There are {counted}{groups}; p-values are {bound}."]


def title_cascade(report: CascadeReport) -> str:
    """The title of its chart."""
    return f"{CHART}, {strategy_name(report.first)} → {strategy_name(report.then)}"


def axis_price(report: CascadeReport) -> str:
    """The name of the axis of costs."""
    return f"Cost of 1,000 answers ({report.currency})"


def name_quality(score: str) -> str:
    """The name of the axis of quality."""
    return score_name(score)


def name_chosen(report: CascadeReport) -> str:
    """The label of the chosen threshold."""
    return f"chosen: {numbers.share(report.chosen.passed_on)} passed on"


def hover_point(report: CascadeReport, place: int, unit: str) -> str:
    """One threshold in words."""
    point: CascadePoint = report.measured.points[place]
    price = f", {numbers.money(report.prices[place], report.currency)} for 1,000 answers" if report.prices else ""
    return (
        f"{numbers.share(point.passed_on)} passed on: {numbers.score(point.quality, unit)}{price}; "
        f"{numbers.share(point.worse)} kept and worse"
    )


def describe_chart(report: CascadeReport, unit: str) -> str:
    """The chart in words: both ends and the chosen threshold."""
    places = dict.fromkeys((0, report.measured.chosen, len(report.measured.points) - 1))
    return "; ".join(hover_point(report, place, unit) for place in places) + "."


def _share(value: float) -> str:
    return f"{100 * value:.4g}%"


def _threshold(value: float) -> str:
    return f"{value:.3f}" if value < 0.9995 else f"{value:.6g}"
