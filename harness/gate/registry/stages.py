"""In which stage each model of a task is, as the history says: pure functions.

A task has one champion from its first promotion on: an event that puts another model into service retires the champion before it
in the same event. All other stages are set by name, and change nothing about the champion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import BenchError, setting
from harness.gate.registry.event import STAGES, Event, Stage


@dataclass(frozen=True)
class StagedModel:
    """A model of a registry and its stage.

    Attributes:
        share: of the traffic, for a challenger.
        event: the last event of this model: its files, and the verdict that it rests on.
        since: the event that gave it its stage; for a retired champion that of its successor.
    """

    stage: Stage
    share: float | None
    event: Event
    since: Event


def stack_service(history: Sequence[Event]) -> list[Event]:
    """The model in service, last, on top of those that rollbacks would go back to: a promotion puts one on top, a rollback removes one.
    Promoting the model that is already in service adds nothing, and other stages do not count.

    Args:
        history: of one task, oldest first.
    """
    stack: list[Event] = []
    for event in history:
        _apply(stack, event)
    return stack


def _apply(stack: list[Event], event: Event) -> None:
    if event.action in ("promote", "force"):
        if stack and stack[-1].digest == event.digest:
            stack.pop()
        stack.append(event)
    elif event.action == "rollback" and len(stack) > 1:
        stack.pop()
        stack[-1] = replace(event, action=stack[-1].action)


def assign_stages(history: Sequence[Event]) -> list[StagedModel]:
    """Every model of a task with its stage: the champion first, retired models last, and in each stage the newest first.

    Args:
        history: of one task, oldest first.
    """
    models: dict[str, StagedModel] = {}
    stack: list[Event] = []
    for event in history:
        before = stack[-1].digest if stack else None
        _apply(stack, event)
        champion = stack[-1].digest if stack else None
        if before is not None and before != champion:
            models[before] = replace(models[before], stage="retired", share=None, since=event)
        if event.digest == champion:
            models[event.digest] = StagedModel("champion", None, event, event)
        else:
            models[event.digest] = StagedModel("retired" if event.stage == "champion" else event.stage, event.share, event, event)
    newest = sorted(models.values(), key=lambda model: -model.since.number)
    return sorted(newest, key=lambda model: STAGES.index(model.stage))


def find_staged(models: Sequence[StagedModel], name: str) -> StagedModel:
    """The model that a digest, or the beginning of one, names.

    Raises:
        BenchError: there is none, or several.
    """
    fitting = [model for model in models if name and model.event.digest.startswith(name.lower())]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(f"{model.event.digest[:12]} ({model.stage})" for model in models) or "none"
    problem = "is the beginning of several digests" if fitting else "is no model of this task in the registry"
    raise BenchError(f"'{name}' {problem}. Models: {known}. A model of a run is named RUN:STRATEGY, such as latest:lora.")


def check_stage(models: Sequence[StagedModel], digest: str, stage: Stage, share: float | None) -> None:
    """Check that a model may be put in a stage.

    Args:
        models: those of the task.

    Raises:
        BenchError: the model is the champion, the stage is given by a promotion only, or the share of the traffic does not fit.
    """
    champion = next((model for model in models if model.stage == "champion"), None)
    if stage == "champion":
        raise BenchError("a model becomes the champion by `bench promote`, which judges it, or by `bench rollback`")
    if champion is not None and champion.event.digest == digest:
        task, ways = champion.event.task, "`bench promote` puts another model into service, `bench rollback` the previous one"
        raise BenchError(f"{digest[:12]} is the champion of {task}, which always has one. {ways}.")
    if stage != "challenger":
        if share is not None:
            raise BenchError(f"{setting('share', f'{share:g}')}: only a challenger has a share of the traffic")
        return
    if share is None or not 0 < share < 1:
        given = "" if share is None else f", not {share:g}"
        raise BenchError(f"{setting('share', 'NUMBER')}: a challenger needs its share of the traffic, more than 0 and less than 1{given}")
    if champion is None:
        raise BenchError("no model is in service, so a challenger has nothing to share the traffic with. Promote a model first.")
    others = sum(model.share or 0.0 for model in models if model.stage == "challenger" and model.event.digest != digest)
    if others + share >= 1:
        left = f"the other challengers have {others:g}, and the champion answers the rest"
        raise BenchError(f"{setting('share', f'{share:g}')}: leaves no traffic to the champion: {left}")


def find_obstacle(stage: Stage, outcome: str) -> str:
    """Why a verdict does not allow a stage, as the end of a sentence; empty if it does.

    A challenger must have been judged, and not have failed. INCONCLUSIVE is enough: an experiment is how that can be decided.

    Args:
        outcome: of the gate; empty if the model was not judged.
    """
    if stage != "challenger" or outcome in ("PASS", "INCONCLUSIVE"):
        return ""
    if outcome == "FAIL":
        return "its verdict is FAIL"
    return "the gate has not judged it on this machine: run `bench gate`, then name the model as RUN:STRATEGY"
