"""The trainings of several cells as one: adapters on one base model, which is loaded once and whose passes they share.

Each cell has its own checkpoints and, in the end, stored weights and an outcome, as if it had trained alone. A training that cannot
continue here leaves the others, and its cell trains alone afterwards, from its last checkpoint.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness.cache import use_cache_folder
from harness.engine.models import LoadedModel, share_weights
from harness.engine.tuning import DivergedError, JointSteps, KeyedRandom, StepRequest, Steps, StepTaken
from harness.errors import BenchError, first_line
from harness.grid.execution.cell_training import CellTraining
from harness.grid.execution.job import Emit, Event, Job
from harness.grid.execution.system_limits import find_disk_problem
from harness.grid.execution.training_outcome import TrainingOutcome
from harness.measure import Meter
from harness.types import Cost


class _Member(CellTraining):
    """One of the cells."""

    def load(self, clock: Meter) -> LoadedModel:
        """The base model, for all cells."""
        self._announce("load")
        with clock.phase("load"):
            return self._load(trained=False)

    def begin(self, loaded: LoadedModel, before: float | None, random: KeyedRandom) -> Steps[TrainingOutcome]:
        """The training of this cell.

        Args:
            loaded: the base model, of which the cell has its own modules with the same weights.
            before: its loss on general text.
        """
        own = replace(loaded, model=share_weights(loaded.model))
        return self._tuning_steps(self._predictor(own), before, random)

    def base_loss(self, loaded: LoadedModel, clock: Meter) -> float | None:
        """The base model's loss on general text."""
        return self._general_loss(self._predictor(loaded), clock)


@dataclass
class _Running:
    """A cell whose training waits for a step."""

    member: _Member
    steps: Steps[TrainingOutcome]
    request: StepRequest


def run_joint_training(job: Job, emit: Emit) -> None:
    """Train the cells `job.together`.

    Raises:
        Exception: nothing can be stored, because the disk is full or read-only.
    """
    use_cache_folder(Path(job.cache_folder))
    members = [_Member(replace(job, cell=cell, together=()), partial(_tell, emit, cell)) for cell in job.together]
    _JointTraining(members).run()


def _tell(emit: Emit, cell: str, event: Event) -> None:
    emit({"cell": cell, **event})


class _JointTraining:
    """Trains cells until each has its outcome, or has left."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self._members = members
        self._steps = JointSteps()
        self._clock = members[0].make_meter()  # of what all cells do together
        self._running: list[_Running] = []

    def run(self) -> None:
        """Train all cells.

        Raises:
            Exception: as `run_joint_training`.
        """
        for member in self._members:
            member.emit({"event": "start", "together": len(self._members)})
        waiting = list(self._members)
        try:
            loaded = self._members[0].load(self._clock)
            before = self._members[0].base_loss(loaded, self._clock)
            self._divide([1.0] * len(self._members), self._members)
            with self._steps.random.replacing_dropout():
                while waiting:
                    steps = waiting[0].begin(loaded, before, self._steps.random)
                    self._running += self._continue(waiting.pop(0), steps, None)
                self._take_steps()
        except Exception as error:
            for each in self._running:
                each.steps.close()
            for member in [*waiting, *(each.member for each in self._running)]:
                _leave(member, error)

    def _take_steps(self) -> None:
        while self._running:
            taking = self._running
            with self._clock.phase("train"):
                taken = self._steps.take([each.request for each in taking])
            self._divide([each.request.tokens for each in taking], [each.member for each in taking])
            for each in taking:
                each.member.meter.add((Cost("train", 0.0, each.member.device.name, tokens=each.request.tokens),))
            self._running = []
            for each, outcome in zip(taking, taken, strict=True):
                self._running += self._continue(each.member, each.steps, outcome)

    def _continue(self, member: _Member, steps: Steps[TrainingOutcome], taken: StepTaken | DivergedError | None) -> list[_Running]:
        """Let a training go on to its next step.

        Args:
            taken: what its last one was; None: it has had none.

        Returns:
            The training, waiting for that step; nothing if it has ended.

        Raises:
            Exception: as `run_joint_training`.
        """
        if taken is not None:
            member.meter.resume()
        try:
            request = steps.throw(taken) if isinstance(taken, DivergedError) else next(steps) if taken is None else steps.send(taken)
        except StopIteration as end:
            member.emit({"event": "trained", "together": end.value.training.trained_together})
            return []
        except Exception as error:
            _leave(member, error)
            return []
        member.meter.pause()
        return [_Running(member, steps, request)]

    def _divide(self, weights: Sequence[float], members: Sequence[_Member]) -> None:
        """Divide what was clocked among these cells."""
        for cost in self._clock.collect():
            for weight, member in zip(weights, members, strict=True):
                share = weight / sum(weights)
                energy = None if cost.energy is None else share * cost.energy
                member.meter.add((replace(cost, seconds=share * cost.seconds, energy=energy, tokens=round(share * cost.tokens)),))


def _leave(member: _Member, error: Exception) -> None:
    """Report that a cell has to train alone.

    Raises:
        Exception: the error itself, if the disk is full or read-only.
    """
    traceback.print_exception(error)  # into the log of the first cell
    if find_disk_problem(error):
        raise error
    says_all = isinstance(error, BenchError | DivergedError)
    member.emit({"event": "apart", "reason": ("" if says_all else f"{type(error).__name__}: ") + first_line(error)})
