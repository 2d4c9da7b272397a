"""`bench init`."""

from __future__ import annotations

import math
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from harness.cli.wording import message, with_options
from harness.errors import BenchError

if TYPE_CHECKING:
    from harness.data.inspect import Guess
    from harness.types import DataReport, Kind, Task

_KINDS = ("classification", "generation", "qa", "summarization")
_ROWS = 20_000  # enough to tell what a file holds; the whole of a larger one is read when it is run
_SHOWN_LABELS = 10
_FEW = 100  # test rows: with fewer, a share is uncertain by more than ten points
_SPLITS = ("train", "training", "validation", "valid", "val", "dev", "test", "data", "dataset")
_TASK_NAME = re.compile(r"[^A-Za-z0-9._=+-]+")


@click.command(short_help="Look at a data file and write the YAML of a task for it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("task.yaml"), show_default=True, help="Where the YAML goes.")
@click.option("--name", help="The task's name.  [default: that of the data file]")
@click.option("--target", metavar="COLUMN", help="The column with the reference, or the label; instead of a guess.")
@click.option("--input", "inputs", metavar="COLUMN", multiple=True, help="A column that the model reads; instead of a guess. Repeatable.")
@click.option("--kind", type=click.Choice(_KINDS), help="The kind of task; instead of a guess.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(file: Path, out: Path, name: str | None, target: str | None, inputs: tuple[str, ...], kind: Kind | None, force: bool) -> None:
    """Look at a data file and write a task for it, with what was guessed, why, and what else it could be.

    The exit code is 1 where the task is written but cannot be run yet; what is wrong stands in it.

    \b
    bench init visits.csv
    bench init tickets.xlsx --target queue --out tasks/tickets.yaml
    """
    from harness.data import peek
    from harness.data.inspect import draft, guess, prompt_for

    _check_place(out, force)
    table = peek(file, rows=_ROWS)
    found = guess(table, target=target, inputs=inputs, kind=kind)
    given = _other_splits(file, out.parent)
    written = partial(
        draft,
        name=_task_name(name, file),
        path=_relative(file, out.parent),
        prompt=prompt_for(found, *_shipped_prompt(found.kind)),
        given=given,
        is_split=file.is_dir() and _has_splits(file),
    )
    whole = len(table.records) + len(table.bad_rows) < _ROWS
    tried = _tried(found, lambda guess: _checked(written(guess)), out.parent) if whole else _Tried(found)
    text = written(tried.guess, sizes=tried.report.sizes if tried.report else None)
    _checked(text)
    _write(out, text)
    _tell(file, out, tried, given, whole=whole)
    if tried.refused:
        click.get_current_context().exit(1)


def _check_place(out: Path, force: bool) -> None:
    """Raises:
    BenchError: when no task can be written there, or it would write over something.
    """
    if out.suffix not in (".yaml", ".yml") or "," in str(out):
        raise BenchError(f"--out {out}: a task's file ends in .yaml, and commas part the names of tasks: choose another name")
    if out.is_dir():
        raise BenchError(f"--out {out}: is a folder. Name the file: {out / 'task.yaml'}")
    if not out.parent.is_dir():
        raise BenchError(f"--out {out}: there is no folder {out.parent}. Make it first: mkdir -p {shlex.quote(str(out.parent))}")
    if out.exists() and not force:
        raise BenchError(f"{out}: is there already. Name another file with --out, or write over it with --force")


def _shipped_prompt(kind: Kind) -> tuple[str, frozenset[str], frozenset[str]]:
    """The prompt of the shipped task of that kind, the variables that it needs, and all that it reads."""
    from harness.catalog import YamlFile, prompt_variables, shipped_folder

    prompt = str(YamlFile(shipped_folder("tasks") / f"{kind}.yaml").values["prompt"])
    return prompt, prompt_variables(prompt), prompt_variables(prompt, optional=True)


def _task_name(name: str | None, file: Path) -> str:
    if name is None:
        stem = file.name.removesuffix("".join(s for s in file.suffixes[-2:] if len(s) < 9))
        if stem.casefold() in _SPLITS:  # its folder's name says more
            stem = file.parent.resolve().name
        return _TASK_NAME.sub("-", stem).strip("-._=+")[:80] or "my-task"
    if _TASK_NAME.search(name) or not name[:1].isalnum() or len(name) > 80:
        raise BenchError(f"--name '{name}': a name begins with a letter or digit and has only those and . _ - + = in it, 80 at most")
    return name


def _relative(file: Path, folder: Path) -> str:
    """The path that a YAML file in `folder` gives: paths in a task start at its own file."""
    file = file.expanduser()
    file = file.parent.resolve() / file.name  # the name itself may be a link to one that says nothing of the format
    try:
        path = Path(os.path.relpath(file, folder.resolve())).as_posix()
    except ValueError:  # another drive
        return file.as_posix()
    return f"./{path}" if path.startswith("~") else path


def _other_splits(file: Path, folder: Path) -> dict[str, str]:
    """Files beside a training file that are called like it but for the split; empty unless there is one for test."""
    found = re.search(r"(?<![a-z])(train|training)(?![a-z])|(?<=[-_. a-z])Train(ing)?(?=[A-Z_.-])", file.name, re.IGNORECASE)
    if found is None or not file.is_file():
        return {}
    split = {"train": _relative(file, folder)}
    for role, words in (("validation", ("validation", "valid", "val", "dev")), ("test", ("test",))):
        for word in words:
            beside = file.with_name(file.name[: found.start()] + _cased(word, found.group()) + file.name[found.end() :])
            if role not in split and beside.is_file():
                split[role] = _relative(beside, folder)
    return split if "test" in split else {}


def _cased(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[0].isupper() else word


def _checked(text: str) -> Task:
    """The task that the text declares, read in the way that `bench tasks validate` reads it.

    Raises:
        BenchError: with what is wrong with it.
    """
    from harness.api import open_catalog
    from harness.types import Task

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "task.yaml"
        file.write_text(text, encoding="utf-8")
        task = open_catalog().check(file).value
    assert isinstance(task, Task)
    return task


class _Tried(NamedTuple):
    """A guess, and what loading its rows for a run has found: a report, or why it would be refused."""

    guess: Guess
    report: DataReport | None = None
    refused: bool = False


def _tried(guess: Guess, task_of: Callable[[Guess], Task], folder: Path) -> _Tried:
    """Load the rows as a run does. A group by which they cannot be split is no group."""
    from harness.data import load_splits

    def load(guess: Guess) -> _Tried | str:
        try:
            return _Tried(guess, load_splits(task_of(guess), folder=folder).report)
        except BenchError as error:
            return with_options(" ".join(error.problems))

    first = load(guess)
    if isinstance(first, str) and guess.group is not None:
        without = replace(guess, group=None, notes=(*guess.notes, f"'{guess.group}' could be the group, but: {first}"))
        second = load(without)
        if not isinstance(second, str):
            return second
    if isinstance(first, str):
        return _Tried(replace(guess, notes=(*guess.notes, f"it cannot be run yet: {first}")), refused=True)
    return first


def _has_splits(folder: Path) -> bool:
    from harness.data.formats import DatasetSplits, open_data

    found = open_data(folder)
    return isinstance(found, DatasetSplits) and len(found.splits) > 1


def _write(out: Path, text: str) -> None:
    from harness.store import write_text

    try:
        write_text(out, text)
    except OSError as error:
        raise BenchError(f"{out}: cannot be written: {error.strerror}") from None


def _tell(file: Path, out: Path, tried: _Tried, given: Mapping[str, str], *, whole: bool) -> None:
    guess = tried.guess
    lines = [f"{file}: {guess.rows} rows" + ("" if whole else " looked at, the first of a larger file")]
    said = [("kind", guess.kind, "kind"), ("input", ", ".join(guess.inputs.values()), "inputs"), ("target", guess.target, "target")]
    said += [("group", guess.group, "group")] if guess.group else []
    said += [("id", guess.id, "id")] if guess.id else []
    if guess.labels:
        first = [label for label, _ in guess.labels[:_SHOWN_LABELS]]
        said.append(("labels", ", ".join([*first, "…"] if len(guess.labels) > len(first) else first), ""))
    said += [("folded by", guess.fold_by, "fold")] if guess.fold_by else []
    for role, value, reason in said:
        why = guess.reasons.get(reason, "")
        lines.append(f"  {role:<10} {value}" + (f"  ({why})" if why else ""))
    lines += [f"  could be   {other}" for other in guess.others]
    if given:
        lines.append(f"  could be   given splits: {', '.join(given.values())} (a line in the file says how)")
    lines += [f"  not sure   {guess.doubt}"] if guess.doubt else []
    lines += [f"  note       {note}" for note in (*guess.notes, *_about_splits(tried.report))]
    then = f"bench run --task {shlex.quote(str(out))} --strategies lora"
    lines += [f"Wrote {out}, which cannot be run yet (the last note). Correct it or the data, then: {then}" if tried.refused
              else f"Wrote {out}. Look through it, then: {then}"]  # fmt: skip
    for line in lines:
        click.echo(" ".join(message(line).split("\n")))


def _about_splits(report: DataReport | None) -> list[str]:
    if report is None:
        return []
    notes = [f"{', '.join(f'{n} {split}' for split, n in report.sizes.items())} rows after the split"]
    test = report.sizes["test"]
    if test < _FEW:
        points = 98 / math.sqrt(test)  # half of a 95 % interval around one half, the widest
        notes.append(f"only {test} test rows: a share of them is uncertain by up to ±{points:.0f} points, so only large differences show")
    repeated = sum(report.duplicates.get(split, 0) for split in report.sizes)
    if repeated and not report.folded:
        notes.append(f"{repeated} rows have the same inputs as another of their split")
    return [*notes, *report.warnings]
