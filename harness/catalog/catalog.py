"""Finding tasks and strategies: by name in the user's folders and the shipped one, or by the path of a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from harness.catalog.prompts import prompt_variables, variable_problem
from harness.catalog.shipped import shipped_folder
from harness.catalog.yaml_file import Declaration, Loc, PythonObject, YamlFile, parse
from harness.errors import BenchError, did_you_mean
from harness.types import Declared, Kind, Strategy, Task

T = TypeVar("T", Task, Strategy)

# What a user's task may leave out: it is then as in the shipped task of its kind. How it is scored comes from classification where
# it has labels: whatever its kind, its answer is then one of them.
_BORROWED = ("prompt", "prompt_format", "no_answer", "decode")
_SCORING = ("metrics", "primary", "margin")
_IN_PART = "review"  # of its fields, those that are left out, too


@dataclass(frozen=True)
class MetricNames:
    """What the catalog must know of a metric: the kinds of task it fits and the scores it gives."""

    kinds: Collection[str]
    scores: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The registered names that a YAML file may use. They are handed in, because metrics and sources live in rooms further down.

    `other_metric` says of a metric that is not registered whether its name means one all the same, in a library say.
    """

    metrics: Mapping[str, MetricNames] = field(default_factory=dict)
    sources: Collection[str] = ()
    other_metric: Callable[[str], MetricNames | None] = lambda name: None


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A task or strategy with the file that it came from; `folder` is what its relative paths start at."""

    value: T
    file: Path
    shown: str

    @property
    def folder(self) -> Path:
        return self.file.parent


class Catalog:
    """Tasks and strategies by name.

    Looked up in this order: the folders given, `./tasks` and `./strategies` of the working directory, the shipped ones. The first
    wins, so that a team can keep its own version of a shipped task.
    """

    def __init__(
        self, vocabulary: Vocabulary, *, tasks: Sequence[Path] = (), strategies: Sequence[Path] = (), here: Path | None = None
    ) -> None:
        """Raises:
        BenchError: when a folder that was given is not there.
        """
        here = here or Path.cwd()
        lacking = [place for place in (*tasks, *strategies) if not place.is_dir()]
        if lacking:
            raise BenchError([f"there is no folder {place}" for place in lacking])
        self._vocabulary = vocabulary
        self._here = here
        self._folders: dict[type[Declared], tuple[Path, ...]] = {
            Task: tuple(dict.fromkeys([*tasks, here / "tasks", shipped_folder("tasks")])),
            Strategy: tuple(dict.fromkeys([*strategies, here / "strategies", shipped_folder("strategies")])),
        }

    def task(self, name: str) -> Entry[Task]:
        """The task of that name or file.

        Raises:
            BenchError: when there is none, or its file has problems (all are named).
        """
        return self._find(Task, name)

    def strategy(self, name: str) -> Entry[Strategy]:
        """The strategy of that name or file; raises as `task` does."""
        return self._find(Strategy, name)

    def tasks(self) -> tuple[list[Entry[Task]], list[str]]:
        """Every task that can be found by name, sorted; and the problems of the files that are none."""
        return self._every(Task)

    def strategies(self) -> tuple[list[Entry[Strategy]], list[str]]:
        """Every strategy that can be found by name, sorted; and the problems of the files that are none."""
        return self._every(Strategy)

    def check(self, file: Path) -> Entry[Task] | Entry[Strategy]:
        """Read one file as what it is: a file with 'method' is a strategy, any other a task."""
        values = YamlFile(file, self._shown(file)).values
        return self._load(Strategy, file) if "method" in values else self._load(Task, file)

    def accept(self, value: T) -> Entry[T]:
        """A task or strategy built in Python, checked like one from a file. Its relative paths start at the working directory.

        Raises:
            BenchError: with every name in it that is not known.
        """
        source = PythonObject(f"{type(value).__name__.lower()} '{value.name}'", value.model_dump(mode="json"))
        problems = self._names(source, source.values, type(value))
        if problems:
            raise BenchError(problems)
        return Entry(value, self._here / f"{value.name}.yaml", source.shown)

    def _find(self, what: type[T], name: str) -> Entry[T]:
        if name.endswith((".yaml", ".yml")) or os.sep in name:
            return self._load(what, self._here / name)
        files: dict[str, Path] = self._files(what)
        if name not in files:
            plural = what.__name__.lower()
            raise BenchError(f"unknown {plural} '{name}'.{did_you_mean(name, files)} A file works too: give the path of its YAML.")
        entry = self._load(what, files[name])
        if entry.value.name != name:
            raise BenchError(
                f"{entry.shown}: name: is '{entry.value.name}', but the file is called '{name}'. "
                "Make them the same: the file's name is what is looked for, the field is what reports show."
            )
        return entry

    def _every(self, what: type[T]) -> tuple[list[Entry[T]], list[str]]:
        found: list[Entry[T]] = []
        problems: list[str] = []
        for name in sorted(self._files(what)):
            try:
                found.append(self._find(what, name))
            except BenchError as error:
                problems += error.problems
        return found, problems

    def _files(self, what: type[Declared]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for place in self._folders[what]:
            for file in sorted([*place.glob("*.yaml"), *place.glob("*.yml")]):
                found.setdefault(file.stem, file)
        return found

    def _shown(self, file: Path) -> str:
        return str(file.relative_to(self._here)) if file.is_relative_to(self._here) else str(file)

    def _load(self, what: type[T], file: Path) -> Entry[T]:
        source = YamlFile(file, self._shown(file))
        values = source.values if what is Strategy else self._with_defaults(source.values)
        value, problems = parse(source, values, what)
        problems += self._names(source, values, what)
        if value is None or problems:
            raise BenchError(source.in_order(problems))
        return Entry(value, file, source.shown)

    def _with_defaults(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The task with what it leaves out."""
        # Where the kind is wrong any will do: the file is refused for it, not for what it may leave out.
        kind = str(values["kind"]) if values.get("kind") in get_args(Kind) else get_args(Kind)[0]
        own, scoring = _shipped_task(kind), _shipped_task("classification" if values.get("labels") else kind)
        defaults = {name: own[name] for name in _BORROWED if name in own} | {name: scoring[name] for name in _SCORING}
        if values.get("labels"):
            defaults.pop("no_answer", None)
        asked = values.get(_IN_PART, {})
        if isinstance(asked, Mapping):
            defaults[_IN_PART] = own[_IN_PART] | dict(asked)
        # A user who names metrics of their own must also say which score decides, and the margin is in the unit of that score.
        if "metrics" in values:
            del defaults["primary"]
        if values.get("primary", scoring["primary"]) != scoring["primary"]:
            del defaults["margin"]
        return defaults | {name: value for name, value in values.items() if name != _IN_PART or not isinstance(value, Mapping)}

    def _names(self, source: Declaration, values: Mapping[str, Any], what: type[T]) -> list[str]:
        """Names that the schema cannot know: metrics, the primary score, sources, the prompt's syntax."""
        problems: list[str] = []
        prompt = values.get("prompt")
        if isinstance(prompt, str):
            try:
                prompt_variables(prompt)
            except ValueError as error:
                problems.append(source.problem(("prompt",), str(error)))
            if not prompt.strip():
                problems.append(source.problem(("prompt",), "is empty: a model needs a text to go on. Leave the line out, or write one"))
        if what is not Task:
            return problems
        problems += self._metric_problems(source, values)
        problems += _no_answer_problems(source)
        data = values.get("data")
        problems += _field_problems(source, data)
        name = data.get("source") if isinstance(data, Mapping) else None
        if isinstance(name, str) and name not in self._vocabulary.sources:
            problems.append(source.problem(("data", "source"), f"unknown source '{name}'.{did_you_mean(name, self._vocabulary.sources)}"))
        return problems

    def _metric_problems(self, source: Declaration, values: Mapping[str, Any]) -> list[str]:
        known = self._vocabulary.metrics
        problems: list[str] = []
        owners: dict[str, str] = {}  # score → metric
        names = values.get("metrics")
        for i, name in enumerate(names if isinstance(names, list) else ()):
            loc: Loc = ("metrics", i)
            if not isinstance(name, str):
                continue  # the schema has said so
            found = known.get(name) or self._vocabulary.other_metric(name)
            if found is None:
                problems.append(source.problem(loc, f"unknown metric '{name}'.{did_you_mean(name, known)}"))
                continue
            misfit = _misfit(name, found, values)
            if misfit:
                problems.append(source.problem(loc, misfit))
                continue
            shared = [score for score in found.scores if owners.setdefault(score, name) != name]
            if shared:
                other = owners[shared[0]]
                problems.append(source.problem(loc, f"'{name}' and '{other}' both give the score '{shared[0]}': name one of them"))
        primary = values.get("primary")
        if isinstance(primary, str) and owners and not problems and primary not in owners:
            problems.append(source.problem(("primary",), f"'{primary}' is none of the task's scores.{did_you_mean(primary, owners)}"))
        return problems


def _shipped_task(kind: str) -> dict[str, Any]:
    """The fields of the shipped task of that kind, as they stand in its file."""
    return YamlFile(shipped_folder("tasks") / f"{kind}.yaml").values


def _misfit(name: str, metric: MetricNames, values: Mapping[str, Any]) -> str | None:
    """Why a metric makes no sense on the task, or None. What fits classification fits every task that has labels."""
    kind = values.get("kind")
    if kind not in get_args(Kind) or kind in metric.kinds:
        return None
    if "classification" not in metric.kinds:
        return f"the metric '{name}' does not fit the kind '{kind}'"
    return None if values.get("labels") else f"the metric '{name}' needs labels, and this task of the kind '{kind}' lists none in 'labels'"


def _field_problems(source: Declaration, data: Any) -> list[str]:
    """Inputs that no prompt could read."""
    fields = data.get("fields") if isinstance(data, Mapping) else None
    named = [(n, c) for n, c in fields.items() if isinstance(n, str) and isinstance(c, str)] if isinstance(fields, Mapping) else []
    found = [(name, variable_problem(name, column)) for name, column in named]
    return [source.problem(("data", "fields", name), problem) for name, problem in found if problem]


def _no_answer_problems(source: Declaration) -> list[str]:
    """A prompt and the text that counts as "no answer" must say the same."""
    values = source.values
    if values.get("kind") != "qa" or "no_answer" not in values or "prompt" in values or values.get("labels"):
        return []
    asked_for = _shipped_task("qa")["no_answer"]
    if values["no_answer"] == asked_for:
        return []
    return [
        source.problem(("no_answer",), f"the prompt is the shipped one, which asks for '{asked_for}': add a 'prompt', or leave this out")
    ]
