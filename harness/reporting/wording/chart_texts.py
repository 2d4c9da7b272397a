"""Titles, axes and descriptions of charts. Descriptions are read by screen readers, so they hold the numbers of the chart."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.views import OverallGain, ScoreName
from harness.reporting.views.sections import CalibrationBin, StrategyCurve, TrainingCurve, shown_forecasts
from harness.reporting.wording import numbers
from harness.reporting.wording.names import strategy_name
from harness.reporting.wording.run_sentences import describe_source
from harness.statistics import FAR_FACTOR
from harness.store import EXTERNAL
from harness.types import Score

TUNED_ELSEWHERE = "tuned elsewhere"  # what charts have instead of the model of a whole model that was tuned elsewhere

BARS = "Bars are 95% CIs."
GAIN = "improvement over the untuned model, in margins"
TRAINING_EXAMPLES = "training examples (log scale)"
FAR_FORECASTS = f"more than {FAR_FACTOR}× the largest size run"
STEP, LOSS, PAIR_LOSS = "optimizer step", "loss (nats per target token)", "loss (per preference pair)"
TRAINING, VALIDATION = "training", "validation"
PROBABILITY, ACCURACY = "mean probability of the chosen label", "accuracy"
TIME, MONEY = "Time", "Money"
MINUTES = "minutes of wall-clock time, all seeds"

COST_TO_TRAIN, COST_PER_THOUSAND, TIME_TO_TRAIN, TIME_PER_OUTPUT, MEMORY = (
    "Cost to train",
    "Cost per 1,000 outputs",
    "Time to train",
    "Time per output",
    "Memory",
)


def axis_money(measure: str, currency: str) -> str:
    """The axis of a cost."""
    return f"{measure[:1].lower()}{measure[1:]}, {currency}"


AXIS_TIME_TO_TRAIN, AXIS_TIME_PER_OUTPUT, AXIS_MEMORY = "time to train, minutes", "time per output, seconds", "peak memory, GiB"


def axis_spent(currency: str) -> str:
    """The axis of the money spent."""
    return f"{currency}, all seeds"


def title_cost_chart(measure: str, quality: str, task: str | None) -> str:
    """The title of a chart of cost and quality; over all tasks where `task` is None."""
    return f"{quality[:1].upper()}{quality[1:]} by {measure[:1].lower()}{measure[1:]}{f' on {task}' if task else ', over all tasks'}"


def name_model(model: str) -> str:
    """A model in a legend."""
    return {EXTERNAL: "Hosted or external", TUNED_ELSEWHERE: "Tuned elsewhere"}.get(model, model)


def title_spent_chart(name: str, task: str) -> str:
    """The title of a chart of what each phase took."""
    return f"{name} by phase on {task}"


def title_learning_curve(score: str, task: str) -> str:
    """The title of a chart of a learning curve."""
    return f"{score} on {task} by number of training examples"


def title_training_curve(curve: TrainingCurve) -> str:
    """The title of a chart of the loss."""
    return f"Training and validation loss by step: {describe_source(curve.source)}"


def title_calibration(source: str) -> str:
    """The title of a chart of calibration."""
    return f"Probability of the chosen label and accuracy: {source}"


def describe_point(label: str, value: str, cost: str) -> str:
    """One strategy in a chart of cost and quality."""
    return f"{strategy_name(label)}: {value} at {cost}"


def describe_score(score: Score, unit: str) -> str:
    """A score with its interval."""
    interval = numbers.interval(score.low, score.high, unit)
    return f"{numbers.score(score.value, unit)}{f' ({interval})' if interval else ''}"


def describe_gain(gain: OverallGain) -> str:
    """An improvement over all tasks with its interval."""
    interval = numbers.signed_interval(gain.low, gain.high, "margins")
    return f"{numbers.signed(gain.gain, 'margins')} Δ{f' ({interval})' if interval else ''}"


def describe_curve_points(curve: StrategyCurve, score: ScoreName) -> str:
    """The measured and the predicted scores of a learning curve."""
    measured = ", ".join(f"{numbers.score(own.value, score.unit)} at {size:,}" for size, own in curve.curve.points)
    predicted = ", ".join(f"{numbers.score(f.value, score.unit)} at {f.size:,}" for f in shown_forecasts(curve.curve))
    return f"{strategy_name(curve.label)}: {measured}{f'; predicted {predicted}' if predicted else ''}."


def hover_curve_point(curve: StrategyCurve, size: int, value: str, *, predicted: bool = False) -> str:
    """A point of a learning curve."""
    return f"{strategy_name(curve.label)}, {numbers.plural(size, 'example')}{', predicted' if predicted else ''}: {value}"


def describe_training(curve: TrainingCurve) -> str:
    """The loss of a training run."""
    steps, validations = len(curve.training), len(curve.validation)
    sentence = f"{numbers.plural(steps, 'training step')} and {numbers.plural(validations, 'validation')}."
    if curve.best:
        sentence += f" The best validation loss is {curve.best[1]:.3f} at step {curve.best[0]:,}."
    return sentence


def name_best(loss: float) -> str:
    """The mark of the best validation."""
    return f"best {loss:.3f}"


def hover_best(step: int, loss: float) -> str:
    """The mark of the best validation, with its step."""
    return f"{name_best(loss)} at step {step:,}"


def hover_bin(own: CalibrationBin) -> str:
    """A point of a chart of calibration."""
    return f"{numbers.plural(own.examples, 'example')}: probability {own.confidence:.3f}, accuracy {own.accuracy:.3f}"


def describe_bins(bins: Sequence[CalibrationBin]) -> str:
    """The points of a chart of calibration."""
    points = "; ".join(f"probability {b.confidence:.2f}: accuracy {b.accuracy:.2f} ({numbers.plural(b.examples, 'example')})" for b in bins)
    return f"{BARS} {points}."
