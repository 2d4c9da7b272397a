"""How much data is enough: what more labelled examples would bring, what they would cost, and which parts of the data lack examples."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from harness.archive import RunProgress
from harness.reporting.views import FEW_TO_JUDGE, CurveOutlook, DataEnough, DataPart, SizeOutlook
from harness.reporting.wording import learning_sentences, numbers, progress_sentences
from harness.reporting.wording.decision import next_step_sentences
from harness.reporting.wording.names import list_names, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable

MOST_PARTS = 12  # a longer table is not read
_SIZES = "1/8, 1/4, 1/2 and all of the training examples"


def describe_task(enough: DataEnough) -> str:
    """The title: the task, its score, and the labelled examples."""
    return f"{enough.task} · {enough.score.name} · {numbers.plural(enough.available, 'labelled training example')}"


def explain_missing_curve(enough: DataEnough) -> str:
    """What to run where no strategy has a learning curve."""
    sizes = sorted({max(1, enough.used // part) for part in (8, 4, 2)})
    command = next_step_sentences.repeat_command(enough.command, {"train-sizes": ",".join([*map(str, sizes), "all"])})
    return (
        f"{enough.run}: no strategy was trained on several numbers of examples, so nothing is known about more. Train on {_SIZES}, then "
        f"ask again: `{command}`"
    )


def build_size_table(outlook: CurveOutlook, enough: DataEnough) -> TextTable:
    """What was measured at each size, and what is predicted at larger ones."""
    priced = enough.price is not None
    unit, points = enough.score.unit, outlook.own.curve.points
    rows = [
        (
            f"{size:,}",
            numbers.score(score.value, unit),
            numbers.interval(score.low, score.high, unit),
            "measured",
            *([""] if priced else []),
        )
        for size, score in points
    ]
    rows += [_forecast_row(size, enough) for size in outlook.sizes]
    largest = points[-1][0]
    columns = ("examples", enough.score.name, "95% CI", f"gain over {largest:,}", *(["labels cost"] if priced else []))
    title = f"{strategy_name(outlook.own.label)} on {outlook.own.model}"
    return TextTable(title, columns, (True,) * len(columns), tuple(rows))


def describe_outlook(outlook: CurveOutlook, enough: DataEnough) -> list[str]:
    """What follows from one curve: whether more data helps, and what a gain costs."""
    sentences = learning_sentences.describe_curve(outlook.own.curve, enough.score)
    return [*sentences, *(sentence for size in outlook.sizes if (sentence := _describe_cost(size, enough)))]


def describe_asked(enough: DataEnough) -> str:
    """The sizes that need no forecast; empty where there are none."""
    if not enough.asked or not enough.curves:
        return ""
    sizes = ", ".join(f"{size:,}" for size in enough.asked)
    return f"Already within the sizes that were run: {sizes}. The table has what was measured."


def build_part_table(enough: DataEnough) -> TextTable | None:
    """The parts of the data, those that lack examples first; None without any."""
    if not enough.parts:
        return None
    counted = any(part.training is not None for part in enough.parts)
    headings = ("part", *(["training"] if counted else []), "test", enough.part_score, "95% CI", "")
    rows = tuple(_part_row(part, counted=counted) for part in enough.parts[:MOST_PARTS])
    return TextTable("Where examples are missing", headings, (False, *([True] if counted else []), True, True, True, False), rows)


def describe_parts(enough: DataEnough) -> str:
    """Which parts lack examples."""
    if not enough.parts or enough.judged is None:
        return ""
    name = strategy_in_sentence(enough.judged)
    lacking = [part for part in enough.parts if part.lacks]
    few = sum(part.too_few for part in enough.parts)
    judged = len(enough.parts) - few
    sentences = []
    if lacking:
        listed = list_names([f"“{part.name}”" for part in lacking], 5)
        sentences.append(
            f"With {name}, {listed} {'is' if len(lacking) == 1 else 'are'} below the average of all examples: label more of them."
        )
        by_chance = judged * 0.025
        if by_chance >= 1:
            sentences.append(f"By chance alone, about {by_chance:.0f} of {judged} parts would be.")
    elif judged:
        sentences.append(f"With {name}, no part is shown to be below the average of all examples.")
    if few:
        sentences.append(
            f"{numbers.plural(few, 'part')} {'has' if few == 1 else 'have'} fewer than {FEW_TO_JUDGE} test examples, too few to judge."
        )
    return " ".join(sentences)


def describe_start(process: int, log: str, command: Sequence[str], *, resumes: bool) -> list[str]:
    """That a process in the background trains, where its log is, and what to type next.

    Args:
        resumes: whether an interrupted run is resumed.
    """
    return [
        f"{'Resumed' if resumes else 'Training'} in the background, as process {process}. It continues when this terminal is closed.",
        f"Log: {log}",
        f"To see how far it is, and the answer when it is finished: {shlex.join(command)}",
    ]


def describe_training(run: str, progress: RunProgress | None, log: str) -> list[str]:
    """How far a run is that another process works on.

    Args:
        log: of that process; empty if it has none.
    """
    far = "" if progress is None else f" {progress_sentences.describe_run_progress(progress)['summary']}"
    return [f"{run} is in progress.{far} Repeat the command for the answer when it is finished.", *([f"Log: {log}"] if log else [])]


def _forecast_row(size: SizeOutlook, enough: DataEnough) -> tuple[str, ...]:
    forecast, unit = size.forecast, enough.score.unit
    gain = numbers.signed(forecast.step.gain, unit)
    limits = numbers.signed_interval(forecast.step.low, forecast.step.high, unit)
    cells = (f"{forecast.size:,}", numbers.score(forecast.value, unit), numbers.interval(forecast.low, forecast.high, unit))
    shown = f"{gain} ({limits})" if limits else gain
    if enough.price is None:
        return (*cells, shown)
    return (*cells, shown, numbers.money(size.cost, enough.price.currency) if size.new_labels else "labelled")


def _describe_cost(size: SizeOutlook, enough: DataEnough) -> str:
    if size.cost_per_margin is None or enough.price is None:
        return ""
    value, low, high = (numbers.money(amount, enough.price.currency) for amount in size.cost_per_margin)
    labels = numbers.plural(size.new_labels, "new label")
    return f"At {size.forecast.size:,}, {labels} cost {value} for each gain of Δ = {numbers.margin(enough.margin)} ({low} to {high})."


def _part_row(part: DataPart, *, counted: bool) -> tuple[str, ...]:
    state = "too few test examples" if part.too_few else "lacks examples" if part.lacks else ""
    training = (["—" if part.training is None else f"{part.training:,}"]) if counted else []
    interval = numbers.interval(part.score.low, part.score.high)
    return (f"{part.by}: {part.name}", *training, f"{part.test:,}", numbers.score(part.score.value), interval, state)
