"""What the numbers say, in sentences. They claim what was measured and nothing more; what to ship is said by `advice`."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.views.view import Report
from harness.reporting.wording import numbers
from harness.reporting.wording.cell_notes import note_sentence
from harness.results import CellProblem, StrategyResult
from harness.statistics import Comparison
from harness.types import Score, Task

FEW_ROWS = 100


def title(report: Report) -> str:
    """What the run is about."""
    lines = [ln for task in report.tasks for ln in task.lines]
    strategies, models = list(dict.fromkeys(ln.strategy for ln in lines)), list(dict.fromkeys(ln.model for ln in lines))
    what = f"Comparing {len(strategies)} strategies" if len(strategies) > 1 else f"Measuring {', '.join(strategies) or 'nothing'}"
    if len(models) > 1:
        what += f" of {len(models)} models" if len(strategies) > 1 else f" with {len(models)} models"
    *others, last = [task.name for task in report.tasks] or ["no task"]
    return f"{what} on {', '.join(others)} and {last}" if others else f"{what} on {last}"


def headline(task: Task, lines: Sequence[StrategyResult], unit: str) -> str:
    """The first sentence about a task: the best primary score, its interval, and whether the difference to base is beyond chance."""
    scored = [ln for ln in lines if ln.scored]
    if not scored:
        outcomes = ", ".join(f"{ln.label}: {status(ln)}" for ln in lines)
        return f"No strategy has a score on {task.name} ({outcomes})." if lines else f"No strategy was run on {task.name}."
    best = scored[0]
    assert best.primary is not None  # it is among the scored
    said = _with_interval(task.primary, best.primary, best, unit)
    if len(scored) == 1:
        return f"{best.label} has {said} on {task.name}. No other strategy has a score to compare it with."
    if best.is_base:
        return f"No strategy scored better on {task.name} than {best.label}, the model as it is, with {said}."
    return f"{best.label} has the best result on {task.name}: {said}{_lead(best, lines, unit)}."


def _with_interval(name: str, score: Score, ln: StrategyResult, unit: str) -> str:
    spread = numbers.interval(score.low, score.high, unit)
    known = [f"95 % interval {spread}" if spread else "no interval", numbers.plural(score.n, "test row")]
    if ln.seeds:
        known.append("one training seed" if len(ln.seeds) == 1 else f"mean of {len(ln.seeds)} training seeds")
    return f"{name} {numbers.score(score.value, unit)} ({', '.join(known)})"


def _lead(best: StrategyResult, lines: Sequence[StrategyResult], unit: str) -> str:
    """Whether the best is better than `base` of its own model."""
    difference = best.versus_base
    if difference is None:
        others = any(ln.is_base for ln in lines) and not any(ln.is_base and ln.model == best.model for ln in lines)
        if not any(ln.trained for ln in lines):
            return ""
        return f". {best.model} has no base to compare it with" if others else ". base has no result, so whether tuning helped is not known"
    spread = numbers.signed_interval(difference.low, difference.high, unit)
    how_far = f"{numbers.with_unit(numbers.signed(difference.difference, unit), unit)}{f' ({spread})' if spread else ''}"
    if difference.low is None:
        return f". Its difference to base is {how_far}; this test set is too small to say whether that is chance"
    if beyond_chance(difference):
        small = ", though it lies within the task's margin" if difference.equivalent else ""
        return f". Its difference to base, {how_far}, is beyond chance{small}"
    if difference.verdict == "tied":
        return f". It ties with base: the difference, {how_far}, lies within the task's margin"
    return f". Its difference to base, {how_far}, is not beyond chance"


def caveats(task: Task, lines: Sequence[StrategyResult], unit: str) -> tuple[str, ...]:
    """What limits the headline, each in a sentence."""
    found = []
    tuned = [ln for ln in lines if ln.done and ln.seeds]
    if tuned and all(len(ln.seeds) == 1 for ln in tuned):
        found.append("Each trained strategy was run with one seed: how much another seed would change its score is not known.")
    elif tuned:
        found.append("Intervals say how much other test rows could change a score. They do not cover the spread between seeds.")
    scored = [ln for ln in lines if ln.scored and not ln.is_base]
    if len({ln.train_size for ln in scored if ln.trained}) > 1:
        found.append("The strategies were trained on different numbers of rows. Compare those of the same number with each other.")
    if len({ln.model for ln in lines}) > 1 and any(ln.versus_base for ln in lines):
        found.append("Each difference is to base of the same model.")
    rows = max((ln.primary.n for ln in lines if ln.primary), default=0)
    if 0 < rows < FEW_ROWS:
        found.append(f"The test set has {numbers.plural(rows, 'row')}. Intervals from so few rows are wide and themselves uncertain.")
    if any(ln.primary and has_low_confidence(ln.primary) for ln in lines):
        found.append("Intervals marked “low confidence” lie outside the range in which their method is known to hold.")
    dropped = max((ln.primary.dropped for ln in lines if ln.primary), default=0)
    if dropped:
        found.append(f"{numbers.plural(dropped, 'test row')} cannot be judged by {task.primary} and did not count.")
    unfinished = [ln for ln in lines if ln.problems]
    if unfinished:
        found.append("Not finished: " + ", ".join(f"{ln.label} ({status(ln)})" for ln in unfinished) + ".")
    return tuple(sentence for sentence in found if sentence)


def reductions(lines: Sequence[StrategyResult]) -> tuple[str, ...]:
    """How much rarer errors are than with base: a sentence for each rate of errors (and base, where there are several models)."""
    found: dict[tuple[str, float], list[str]] = {}
    for ln in lines:
        for name, less in ln.reductions.items():
            said = f"{numbers.score(less.after, less.unit)} for {ln.label}"
            if less.value is None or less.low is None or less.high is None:
                said += " (base has too few to say by what share that is fewer or more)"
            else:
                doubt = "" if less.reliable else ", low confidence"
                ends = (less.high, less.low) if less.value < 0 else (less.low, less.high)  # the smaller change first
                spread = f"95 % interval {numbers.fewer(ends[0])} to {numbers.fewer(ends[1])}{doubt}"
                said += f", {numbers.fewer(less.value)} ({spread})"
            found.setdefault((f"{name}, {numbers.score(less.before, less.unit)} for base", less.before), []).append(said)
    return tuple(f"{start}: {'; '.join(said)}." for (start, _), said in found.items())


def forgetting(lines: Sequence[StrategyResult]) -> str:
    """How much of general language tuning gave up, in a sentence; empty where it was not measured."""
    said = [
        f"{ln.label} {numbers.score(ln.general_loss[0], 'nats')} → {numbers.score(ln.general_loss[1], 'nats')} "
        f"({numbers.signed(ln.general_loss[1] - ln.general_loss[0], 'nats')})"
        for ln in lines
        if ln.general_loss is not None
    ]
    return f"Forgetting, the loss on general text before and after tuning, in nats per token: {'; '.join(said)}." if said else ""


def verdict_text(difference: Comparison) -> str:
    """The verdict on a difference to base, in a word or two."""
    if beyond_chance(difference) and difference.equivalent:
        return f"{difference.verdict}, within margin"
    return {"tied": "tied within margin", "undecided": "undecided"}.get(difference.verdict, difference.verdict)


def has_low_confidence(score: Score) -> bool:
    """Whether there is an interval that lies outside the range in which its method is known to hold."""
    return score.low is not None and not score.reliable


def beyond_chance(difference: Comparison) -> bool:
    """Whether interval and p-value both exclude that there is no difference."""
    return difference.verdict in ("better", "worse", "different")


def status(ln: StrategyResult) -> str:
    """How the cells of a strategy ended."""
    kinds = sorted(set(ln.statuses), key=lambda kind: (kind != "done", kind))
    return kinds[0] if len(kinds) == 1 else ", ".join(f"{ln.statuses.count(kind)} {kind}" for kind in kinds)


def problem(found: CellProblem) -> str:
    """Why a cell has no result."""
    if found.status == "interrupted":
        return found.error or "It has not ended. The same command goes on with it."
    return found.error or "It gave no reason."


def notes(ln: StrategyResult) -> list[str]:
    """What the cells report beside their numbers."""
    return [note_sentence(note) if seed is None else f"Seed {seed}: {note_sentence(note)}" for seed, note in ln.notes]
