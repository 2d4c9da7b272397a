"""Find tasks and strategies by name, in the user's folders and among the shipped ones, or by the path of a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from harness.catalog.declaration import PythonObject
from harness.catalog.known_names import Vocabulary
from harness.catalog.reference_checks import reference_problems
from harness.catalog.shipped import shipped_folder
from harness.catalog.task_defaults import with_task_defaults
from harness.catalog.yaml_file import YamlFile, parse
from harness.errors import BenchError, did_you_mean
from harness.types import Declared, Strategy, Task

T = TypeVar("T", Task, Strategy)


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A task or strategy with the file it came from."""

    value: T
    file: Path
    display_name: str
    """The file as messages name it."""

    @property
    def folder(self) -> Path:
        """The folder at which relative paths start."""
        return self.file.parent


class Catalog:
    """Tasks and strategies by name.

    Names are looked up in the given folders, then in `./tasks` and `./strategies` of the working directory, then among the shipped ones.
    The first match wins, so that a team can replace a shipped task by its own version.
    """

    def __init__(
        self, vocabulary: Vocabulary, *, tasks: Sequence[Path] = (), strategies: Sequence[Path] = (), here: Path | None = None
    ) -> None:
        """Args:
            vocabulary: the registered metrics and sources.
            tasks: folders in which tasks are looked up first.
            strategies: folders in which strategies are looked up first.
            here: the working directory.

        Raises:
            BenchError: a given folder does not exist.
        """
        here = here or Path.cwd()
        missing = [folder for folder in (*tasks, *strategies) if not os.path.isdir(folder)]
        if missing:
            raise BenchError([f"there is no folder {folder}" for folder in missing])
        self._vocabulary = vocabulary
        self._here = here
        self._folders: dict[type[Declared], tuple[Path, ...]] = {
            Task: tuple(dict.fromkeys([*tasks, here / "tasks", shipped_folder("tasks")])),
            Strategy: tuple(dict.fromkeys([*strategies, here / "strategies", shipped_folder("strategies")])),
        }

    def task(self, name: str) -> Entry[Task]:
        """The task with this name or in this file.

        Raises:
            BenchError: there is no such task, or its file has problems (all are named).
        """
        return self._find(Task, name)

    def strategy(self, name: str) -> Entry[Strategy]:
        """The strategy with this name or in this file; raises as `task` does."""
        return self._find(Strategy, name)

    def tasks(self) -> tuple[list[Entry[Task]], list[str]]:
        """Every task that can be found by name, sorted by name, and the problems of the files that are not valid."""
        return self._find_all(Task)

    def strategies(self) -> tuple[list[Entry[Strategy]], list[str]]:
        """Every strategy that can be found by name, sorted by name, and the problems of the files that are not valid."""
        return self._find_all(Strategy)

    def check(self, file: Path) -> Entry[Task] | Entry[Strategy]:
        """Read a file: with a field 'method' as a strategy, otherwise as a task.

        Raises:
            BenchError: with every problem of the file.
        """
        values = YamlFile(file, self._display_name(file)).values
        return self._load(Strategy, file) if "method" in values else self._load(Task, file)

    def accept(self, value: T) -> Entry[T]:
        """Check a task or strategy that was built in Python like one from a file. Its relative paths start at the working directory.

        Raises:
            BenchError: with every unknown name in it.
        """
        source = PythonObject(f"{type(value).__name__.lower()} '{value.name}'", value.model_dump(mode="json"))
        problems = reference_problems(source, source.values, type(value), self._vocabulary)
        if problems:
            raise BenchError(problems)
        return Entry(value, self._here / f"{value.name}.yaml", source.display_name)

    def _find(self, declared: type[T], name: str) -> Entry[T]:
        if name.endswith((".yaml", ".yml")) or os.sep in name:
            return self._load(declared, self._here / name)
        files: dict[str, Path] = self._list_files(declared)
        if name not in files:
            noun = declared.__name__.lower()
            raise BenchError(f"unknown {noun} '{name}'.{did_you_mean(name, files)} You can also give the path of a YAML file.")
        entry = self._load(declared, files[name])
        if entry.value.name != name:
            raise BenchError(
                f"{entry.display_name}: name: '{entry.value.name}' differs from the file name '{name}'. "
                "Make them equal, because the file name is looked up and the field appears in reports."
            )
        return entry

    def _find_all(self, declared: type[T]) -> tuple[list[Entry[T]], list[str]]:
        entries: list[Entry[T]] = []
        problems: list[str] = []
        for name in sorted(self._list_files(declared)):
            try:
                entries.append(self._find(declared, name))
            except BenchError as error:
                problems += error.problems
        return entries, problems

    def _list_files(self, declared: type[Declared]) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for folder in self._folders[declared]:
            for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
                files.setdefault(file.stem, file)
        return files

    def _display_name(self, file: Path) -> str:
        return str(file.relative_to(self._here)) if file.is_relative_to(self._here) else str(file)

    def _load(self, declared: type[T], file: Path) -> Entry[T]:
        source = YamlFile(file, self._display_name(file))
        values = source.values if declared is Strategy else with_task_defaults(source.values)
        value, problems = parse(source, values, declared)
        problems += reference_problems(source, values, declared, self._vocabulary)
        if value is None or problems:
            raise BenchError(source.in_order(problems))
        return Entry(value, file, source.display_name)
