"""`lifecycle.yaml`: when a model is trained again, on which data, with what, by which policy, and who is notified."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from harness.catalog import YamlFile, parse
from harness.data.formats import join_name
from harness.errors import BenchError
from harness.lifecycle.retraining.notify_spec import NotifySpec
from harness.types import Declared, Paths, SearchSpec, Task

WAIT_DAYS, TEST_SHARE, LEAST_ANSWERS = 7, 0.1, 40


class ComplaintSpec(Declared):
    """A rate of complaints among the answers on which users have given feedback."""

    share: Annotated[float, Field(gt=0, lt=1)]
    """The trigger fires when the lower end of the 95% interval of the rate is above this share."""
    least: Annotated[int, Field(ge=1, le=10**9)] = LEAST_ANSWERS
    """Answers with feedback since the promotion, or the last retraining, before the rate counts."""


class WhenSpec(Declared):
    """The triggers. A retraining is due as soon as one of them is reached."""

    drift: bool = False
    """Whether an alarm of `bench watch` is a trigger."""
    age_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """Days since the champion was promoted, or since the last retraining if that is later."""
    new_rows: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """Labelled rows and corrections that no retraining has used."""
    complaints: ComplaintSpec | None = None
    """The rate of complaints in `bench feedback`."""
    wait_days: Annotated[int, Field(ge=0, le=3660)] = WAIT_DAYS
    """Days after a retraining in which no trigger counts."""

    @model_validator(mode="after")
    def _check_any(self) -> WhenSpec:
        if not self.drift and self.age_days is None and self.new_rows is None and self.complaints is None:
            raise ValueError("no trigger is set. Set one of: drift, age_days, new_rows, complaints")
        return self


class NewDataSpec(Declared):
    """The data that has come since the task was made. The files keep all rows: what they lose, the next model does not learn."""

    new: Paths | None = None
    """Files or patterns, with the columns of the task. Rows without a label are left out. A pattern may match nothing yet."""
    fields: Mapping[str, str] = Field(default_factory=dict)
    """The columns of their roles, where they differ from the task's."""
    harvested: Paths | None = None
    """Corrections, as `bench review harvest` writes them: added to training, removed from testing."""
    feedback: bool = False
    """Whether what users have edited, in `bench feedback`, is trained on like corrections."""
    test_share: Annotated[float, Field(ge=0, le=0.5)] = TEST_SHARE
    """The share of new rows that joins the test set, and is never trained on. A tenth of the others is for validation."""

    @model_validator(mode="after")
    def _check_any(self) -> NewDataSpec:
        if self.new is None and self.harvested is None and not self.feedback:
            raise ValueError("names no data. Set 'new' (labelled rows), 'harvested' (corrections) or 'feedback: true'")
        return self


class TrainingSpec(Declared):
    """What is trained."""

    strategies: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, max_length=50)]
    """As for `bench run`. Of several, the one with the best primary score is the candidate; the gate divides its level among them."""
    model: Annotated[str, Field(min_length=1)] = "tiny"
    """The base model, from which every training starts."""
    base: bool = False
    """Whether the untuned model is in the run. The gate then divides its level by one model more; a guardrail may need it."""
    seeds: Annotated[int, Field(ge=1, le=100)] = 1
    epochs: Annotated[float, Field(gt=0, le=1000)] | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    price: Annotated[float, Field(ge=0)] | None = None
    """Of one hour of this device, in USD."""
    search: SearchSpec | None = None
    race: Annotated[float, Field(gt=0, lt=0.5)] | None = None

    @field_validator("strategies", mode="before")
    @classmethod
    def _read_one(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class GateSpec(Declared):
    """By what the candidate is judged. The baseline is the champion."""

    policy: Annotated[str, Field(min_length=1)] | None = None
    """A policy file; by default the rules of `bench gate`."""


class LimitSpec(Declared):
    """What one retraining may take at most, by the forecast. Above a limit nothing is started."""

    hours: Annotated[float, Field(gt=0, le=100_000)] | None = None
    price: Annotated[float, Field(gt=0)] | None = None
    """In the currency of the device's price."""


class LifecycleSpec(Declared):
    """The fields of the file."""

    version: Literal[1] = 1
    task: Annotated[str, Field(min_length=1)]
    """A name, or a YAML file."""
    when: WhenSpec
    data: NewDataSpec
    run: TrainingSpec
    gate: GateSpec = GateSpec()
    limits: LimitSpec = LimitSpec()
    notify: NotifySpec = NotifySpec()


@dataclass(frozen=True)
class Lifecycle:
    """A file that was read.

    Attributes:
        file: the path, as the user gave it.
        spec: its fields; names of files in it are absolute.
        digest: sha256 (hex) of the fields that decide what is trained and how it is judged.
    """

    file: Path
    spec: LifecycleSpec
    digest: str

    def digest_with(self, task: Task) -> str:
        """sha256 (hex) of the same fields and of the task that the file names, without its description."""
        return hashlib.sha256(f"{self.digest}\0{task.model_dump_json(exclude={'description'})}".encode()).hexdigest()


def read_lifecycle(path: Path) -> Lifecycle:
    """Read a lifecycle file. Paths in it are relative to the file.

    Raises:
        BenchError: every problem of the file, each with its line; a policy, or a folder of a notice, that does not exist.
    """
    source = YamlFile(path)
    spec, problems = parse(source, source.values, LifecycleSpec)
    if spec is None or problems:
        raise BenchError(source.in_order(problems))
    spec = _with_absolute_paths(spec, path.parent)
    if spec.gate.policy is not None and not os.path.isfile(spec.gate.policy):
        problems.append(
            source.problem(
                ("gate", "policy"),
                f"there is no file {spec.gate.policy}. Correct the name, or leave the field out for the rules of `bench gate`",
            )
        )
    for name, file in spec.notify.files.items():
        if not os.path.isdir(os.path.dirname(file)):
            problems.append(source.problem(("notify", name), f"the folder {os.path.dirname(file)} does not exist"))
    if problems:
        raise BenchError(source.in_order(problems))
    decides = spec.model_dump_json(exclude={"limits", "when", "notify"})
    return Lifecycle(path, spec, hashlib.sha256(decides.encode()).hexdigest())


def _with_absolute_paths(spec: LifecycleSpec, folder: Path) -> LifecycleSpec:
    def join(name: str | None) -> str | None:
        return None if name is None else os.path.abspath(folder / name)

    def join_all(names: Paths | None) -> Paths | None:
        if names is None or isinstance(names, str):
            return None if names is None else join_name(folder, names)
        return tuple(join_name(folder, name) for name in names)

    email = spec.notify.email
    changes: dict[str, Any] = {
        "task": os.path.abspath(folder / spec.task) if spec.task.endswith((".yaml", ".yml")) else spec.task,
        "data": spec.data.model_copy(update={"new": join_all(spec.data.new), "harvested": join_all(spec.data.harvested)}),
        "run": spec.run.model_copy(
            update={
                "strategies": tuple(_join_strategy(folder, name) for name in spec.run.strategies),
                "model": os.path.abspath(folder / spec.run.model) if os.path.exists(folder / spec.run.model) else spec.run.model,
            }
        ),
        "gate": spec.gate.model_copy(update={"policy": join(spec.gate.policy)}),
        "notify": spec.notify.model_copy(
            update={
                "markdown": join(spec.notify.markdown),
                "junit": join(spec.notify.junit),
                "email": None if email is None else email.model_copy(update={"file": join(email.file)}),
            }
        ),
    }
    return spec.model_copy(update=changes)


def _join_strategy(folder: Path, name: str) -> str:
    """A strategy by the absolute path of its file; a name of the catalog stays as it is."""
    file, colon, values = name.partition(":")
    return f"{os.path.abspath(folder / file)}{colon}{values}" if file.endswith((".yaml", ".yml")) else name
