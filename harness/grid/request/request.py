"""A request: everything that a user can ask of a run, as they wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.errors import BenchError, did_you_mean
from harness.grid.request.cell_selectors import Exclusion, Override
from harness.grid.request.search_request import read_search
from harness.types import SearchSpec, Strategy, Task
from harness.validation import describe_problem, field_path

C = TypeVar("C", Exclusion, Override)
V = TypeVar("V")


@dataclass(frozen=True)
class Request:
    """What the user asked for. `fields` maps roles to columns, as in a task's YAML.

    `whole_as_test` uses every row of a file for testing. `outputs_name` and `price_per_1k` (USD) describe external outputs.
    `support` names the model that scores how far outputs are supported by their inputs; "base" is the run's own base model.
    `plugins` are Python files that add metrics; a run folder that names some never makes them run.
    `canaries` is the number of canaries of the leak test for each number of repeats, instead of the tasks' own; 0 leaves the test out.
    `volume` is the number of outputs per month that the report computes costs for, instead of the task's own.
    `search` says which values of the strategies are searched on validation examples; `race` is the highest accepted chance that the best
    strategy is dropped early.
    """

    tasks: tuple[str | Task, ...]
    strategies: tuple[str | Strategy, ...]
    models: tuple[str, ...] = ("tiny",)
    revision: str | None = None
    data: tuple[str, ...] = ()
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    hub: str | None = None
    hub_revision: str | None = None
    subset: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    fold_references_by: str | None = None
    keep: tuple[str, ...] = ()
    harvested: tuple[str, ...] = ()
    skip_bad_rows: bool = False
    seeds: int = 1
    train_sizes: tuple[str, ...] = ()
    limit: int | None = None
    base: bool = True
    epochs: float | None = None
    dtype: str = "auto"
    price: float | None = None
    trust_remote_code: bool = False
    exclude: tuple[Exclusion, ...] = ()
    override: tuple[Override, ...] = ()
    plugins: tuple[str, ...] = ()
    tasks_dirs: tuple[str, ...] = ()
    strategies_dirs: tuple[str, ...] = ()
    whole_as_test: bool = False
    outputs_name: str | None = None
    price_per_1k: float | None = None
    support: str | None = None
    volume: int | None = None
    canaries: int | None = None
    search: SearchSpec | None = None
    race: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The request as plain values, as it is stored in `run.json`."""
        plain: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("exclude", "override"):
            plain[name] = [selector.model_dump(mode="json", exclude_none=True) for selector in plain[name]]
        for name in ("tasks", "strategies"):
            plain[name] = [one if isinstance(one, str) else one.model_dump(mode="json") for one in plain[name]]
        search = None if self.search is None else self.search.model_dump(mode="json", exclude_none=True)
        return plain | {"fields": dict(self.fields), "search": search}


def make_request(values: Mapping[str, Any]) -> Request:
    """Build a request from plain values; a single text is a sequence of one.

    Raises:
        BenchError: a name is not a field of `Request`, or an exclusion or override is invalid.
    """
    known = {f.name: f for f in fields(Request)}
    unknown = [f"unknown parameter '{name}'.{did_you_mean(name, known)}" for name in values if name not in known]
    if unknown:
        raise BenchError(unknown)
    plain: dict[str, Any] = {}
    for name, value in values.items():
        is_sequence = str(known[name].type).startswith("tuple")
        plain[name] = ((value,) if isinstance(value, str) else tuple(value)) if is_sequence else value
    for name, kind in (("tasks", Task), ("strategies", Strategy)):
        plain[name] = tuple(kind.model_validate(one) if isinstance(one, Mapping) else one for one in plain.get(name, ()))
    plain["train_sizes"] = tuple(str(size) for size in plain.get("train_sizes", ()))
    plain["exclude"] = _selectors("exclude", Exclusion, plain.get("exclude", ()))
    plain["search"] = read_search(plain.get("search"))
    plain["override"] = _selectors("override", Override, plain.get("override", ()))
    return Request(**plain)


def distinct(values: Sequence[V]) -> list[V]:
    """The values in their order, each once; tasks and strategies are compared by their fields."""
    return [value for i, value in enumerate(values) if value not in values[:i]]


def _selectors(name: str, kind: type[C], values: Sequence[object]) -> tuple[C, ...]:
    """Exclusions or overrides from plain values. Those of a grid file already have a place."""
    selectors: list[C] = []
    for i, value in enumerate(values):
        try:
            selector = kind.model_validate(value)
        except ValidationError as error:
            problem = error.errors()[0]
            field = field_path(problem["loc"])
            raise BenchError(f"{name}[{i}]: {f'{field}: ' if field else ''}{describe_problem(problem)}") from None
        selectors.append(selector if selector.place else selector.at(f"{name}[{i}]"))
    return tuple(selectors)
