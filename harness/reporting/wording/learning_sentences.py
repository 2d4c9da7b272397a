"""Sentences about learning curves. They keep apart what was measured, what is predicted, and what rests on the form of the curve alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.reporting.views import ScoreName
from harness.reporting.views.sections import LearningCurves, shown_forecasts
from harness.reporting.wording import numbers
from harness.reporting.wording.sample_sizes import ASSUMPTIONS
from harness.statistics import FAR_FACTOR, Forecast, GainOutlook, Law, LawName, LearningCurve, PowerLaw, Step

_LAWS: Mapping[LawName, str] = {"power": "power-law", "log": "logarithmic"}


def describe_curve(curve: LearningCurve, score: ScoreName) -> list[str]:
    """What a curve says about more training examples, one sentence for each claim; what was measured comes last."""
    measured = _measured(curve.last_step, score)
    if curve.problem:
        return [f"The data cannot say yet whether more training examples would help: {curve.problem}.", measured]
    forecasts = shown_forecasts(curve)
    outlooks = dict.fromkeys(forecast.outlook for forecast in forecasts)
    claims = [_claim(outlook, [f for f in forecasts if f.outlook == outlook], curve, score) for outlook in outlooks]
    seen = _examples_to_see(forecasts[0]) if forecasts else ""
    return [*claims[:-1], " ".join(filter(None, [claims[-1], _assumption(curve), seen])), measured]


def list_curve_caveats(learning: LearningCurves) -> list[str]:
    """What limits the forecasts."""
    curves = [each.curve for each in learning.curves]
    caveats = []
    if any(curve.laws for curve in curves):
        caveats.append(
            "Forecasts assume that scores keep following a power-law curve, a − b·n^(−c) for n training examples, or a logarithmic one, "
            "a + b·log n, with more examples of the same kind. Where the sizes run fit both, the intervals cover both. Measured gains "
            "assume nothing; their intervals show how much other test examples could change them."
        )
    if any(curve.min_seeds == 1 for curve in curves):
        caveats.append(
            "A size that was trained once does not show how much another training run would differ. Forecasts use the scatter of the sizes "
            "around the curve instead, which makes their intervals wide; several seeds measure it."
        )
    if any(not curve.reliable for curve in curves):
        caveats.append("The intervals have low confidence: there are too few test examples, or their counts are too rare.")
    return caveats


def describe_fit(curve: LearningCurve) -> str:
    """How the forecasts of a curve were computed."""
    return f"{curve.method} ({curve.reason})" if curve.reason else curve.method


def write_law(law: Law) -> str:
    """The right-hand side of a fitted law."""
    if isinstance(law, PowerLaw):
        return f"{law.a:.4g} {'+' if law.b < 0 else '−'} {abs(law.b):.4g}·n^(−{law.c:.3g})"
    return f"{law.a:.4g} {'−' if law.b < 0 else '+'} {abs(law.b):.4g}·log n"


def _assumption(curve: LearningCurve) -> str:
    """What the forecasts of a curve assume."""
    if curve.rejected:
        kept, left_out = _LAWS[curve.laws[0].name], _LAWS[curve.rejected]
        return f"This assumes that scores keep following a {kept} curve; a {left_out} one does not fit them."
    return f"This assumes that scores keep following a {' or a '.join(_LAWS.values())} curve."


def _claim(outlook: GainOutlook, forecasts: Sequence[Forecast], curve: LearningCurve, score: ScoreName) -> str:
    """What holds for these forecasts, which have the same outlook."""
    if outlook == "gain":
        amounts = [numbers.with_unit(numbers.score(f.step.gain, score.unit), score.unit) for f in forecasts]
        first = f"More data still helps: {_size(forecasts[0])} {_is(forecasts[0])} predicted to "
        first += f"{'lower' if score.direction == 'lower' else 'raise'} {score.name} by {amounts[0]} {_range(forecasts[0], score)}"
        further = [f"{_size(f)} by {amount} {_range(f, score)}" for f, amount in zip(forecasts[1:], amounts[1:], strict=True)]
        return f"{', '.join([first, *further])}."
    details = [f"predicted {numbers.signed(f.step.gain, score.unit)}, {_interval(f.step, score)}{_far(f)}" for f in forecasts]
    cases = " or ".join(f"{_size(f)} ({detail})" for f, detail in zip(forecasts, details, strict=True))
    if outlook == "no gain":
        return f"No gain beyond the margin of {numbers.margin(curve.margin)} is expected from {cases}."
    return f"The data cannot say yet whether {cases} would bring more than the margin of {numbers.margin(curve.margin)}."


def _size(forecast: Forecast) -> str:
    step = forecast.step
    if step.end == 2 * step.start:
        return f"doubling from {step.start:,} to {numbers.plural(step.end, 'training example')}"
    return numbers.plural(step.end, "training example")


def _is(forecast: Forecast) -> str:
    return "is" if forecast.step.end == 2 * forecast.step.start else "are"


def _range(forecast: Forecast, score: ScoreName) -> str:
    interval = numbers.interval(forecast.step.low, forecast.step.high, score.unit)
    return f"(95% CI {interval}{_far(forecast)})" if interval else f"(no interval{_far(forecast)})"


def _far(forecast: Forecast) -> str:
    return f"; an extrapolation beyond {FAR_FACTOR} times the largest size run" if forecast.is_far else ""


def _measured(step: Step, score: ScoreName) -> str:
    gain = numbers.with_unit(numbers.signed(step.gain, score.unit), score.unit)
    better = " better" if score.direction == "lower" else ""
    measured = f"Measured from {step.start:,} to {numbers.plural(step.end, 'training example')}: {gain}{better} ({_interval(step, score)})."
    if step.examples_needed is None:
        return measured
    return f"{measured} To show it would take about {numbers.about(step.examples_needed)} test examples, {ASSUMPTIONS['observed']}."


def _examples_to_see(forecast: Forecast) -> str:
    """How large the test set must be to see the nearest forecast come true."""
    if forecast.step.examples_needed is None:
        return ""
    examples = numbers.about(forecast.step.examples_needed)
    return f"To show the gain predicted for {_size(forecast)} would take about {examples} test examples."


def _interval(step: Step, score: ScoreName) -> str:
    interval = numbers.signed_interval(step.low, step.high, score.unit)
    return f"95% CI {interval}" if interval else "no interval"
