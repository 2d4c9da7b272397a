"""`bench init`."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from harness.cli.wording import printable, with_options
from harness.errors import BenchError
from harness.text import plural

if TYPE_CHECKING:
    from harness.data.inspect import NamedData, TaskGuess
    from harness.types import DataReport, Kind, Task

_KINDS = ("classification", "generation", "qa", "summarization")
_SHOWN_LABELS = 10
_SMALL_TEST_SET = 100  # examples; with fewer, the 95% interval of a percentage can be wider than ±10 points
_SPLIT_NAMES = ("train", "training", "validation", "valid", "val", "dev", "test", "data", "dataset")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._=+-]+")


@click.command(short_help="Inspect data files and draft a task for them.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), help="The YAML file to write.  [default: NAME.yaml in this folder]")
@click.option("--name", help="Name of the task.  [default: that of the data file; for train.csv, that of its folder]")
@click.option("--target", metavar="COLUMN", help="Column with the reference or the label. Guessed by default.")
@click.option("--input", "inputs", metavar="COLUMN", multiple=True, help="Column that the model reads. Repeatable; guessed by default.")
@click.option("--kind", type=click.Choice(_KINDS), help="Kind of task. Guessed by default.")
@click.option("--subset", metavar="NAME", help="The configuration, where a folder or Croissant metadata has several.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def init(
    files: tuple[str, ...],
    out: Path | None,
    name: str | None,
    target: str | None,
    inputs: tuple[str, ...],
    kind: Kind | None,
    subset: str | None,
    force: bool,
) -> None:
    """Inspect data files and draft a task for them, with the reasons for each guess and the alternatives.

    Several files are read as one, unless their names tell their splits: train.csv test.csv. FILE may be a pattern ('shards/*.jsonl'),
    @files.txt, a text file that lists files, a folder with a dataset, or Croissant metadata beside its files.

    Exits with 1 if the task was written but cannot be run yet; the file says why.

    \b
    bench init visits.csv
    bench init tickets.xlsx --target queue --out tasks/tickets.yaml
    bench init train.jsonl test.jsonl
    """
    from harness.api import MOST_INSPECTED_ROWS, parse_task, read_included_model, read_shipped_prompt
    from harness.data import peek
    from harness.data.inspect import draft_prompt, draft_yaml, find_data, guess_task, note_long_prompts, read_whole_prompts, relative_name

    data = find_data(files, subset)
    task_name = _task_name(name, data)
    out = out or Path(f"{task_name}.yaml")
    _check_out(out, force)
    preview = peek(*data.files, rows=MOST_INSPECTED_ROWS, subset=subset)
    guess = guess_task(preview, target=target, inputs=inputs, kind=kind)
    preview = preview if guess.layout is None else read_whole_prompts(preview)
    prompt = draft_prompt(guess, *read_shipped_prompt(guess.kind))
    if long_prompts := note_long_prompts(preview, guess, prompt, *read_included_model()):
        guess = replace(guess, notes=(*guess.notes, long_prompts))
    split_files = {split: relative_name(str(path), out.parent) for split, path in data.siblings.items()}
    write_yaml = partial(
        draft_yaml,
        name=task_name,
        path=data.path(out.parent),
        prompt=prompt,
        split_files=split_files,
        has_splits=data.has_splits,
        subset=subset,
    )
    is_complete = preview.is_complete
    trial = _try_loading(guess, lambda guess: parse_task(write_yaml(guess)), out.parent) if is_complete else _Trial(guess)
    text = write_yaml(trial.guess, sizes=trial.report.sizes if trial.report else None)
    parse_task(text)
    _write(out, text)
    _print_summary(" ".join(files), out, trial, split_files, is_complete=is_complete)
    if trial.failed:
        click.get_current_context().exit(1)


def _check_out(out: Path, force: bool) -> None:
    """Check that the task can be written.

    Raises:
        BenchError: not a YAML file, no such folder, or the file exists.
    """
    if out.suffix not in (".yaml", ".yml") or "," in str(out):
        raise BenchError(f"--out {out}: choose a file name that ends in .yaml and contains no comma, which separates names of tasks")
    if out.is_dir():
        raise BenchError(f"--out {out}: is a folder. Name the file: {out / 'my-task.yaml'}")
    if not out.parent.is_dir():
        raise BenchError(f"--out {out}: the folder {out.parent} does not exist. Create it: mkdir -p {shlex.quote(str(out.parent))}")
    if out.exists() and not force:
        raise BenchError(f"{out}: already exists. Name another file with --out, or replace it with --force")


def _task_name(name: str | None, data: NamedData) -> str:
    """The given name, or one made from the names of the data files.

    Raises:
        BenchError: the given name has characters that task names must not have.
    """
    if name is None:
        stem = data.stem
        if not stem or stem.casefold() in _SPLIT_NAMES:  # the folder's name says more
            stem = data.files[0].parent.resolve().name
        return _NOT_IN_NAMES.sub("-", stem).strip("-._=+")[:80] or "my-task"
    if _NOT_IN_NAMES.search(name) or not name[:1].isalnum() or len(name) > 80:
        raise BenchError(
            f"--name '{name}': start with a letter or digit and use only letters, digits and . _ - + = (at most 80 characters)"
        )
    return name


class _Trial(NamedTuple):
    """A guess, and the result of loading its data as a run would: a report, or a failure, which is then the last of the guess's notes."""

    guess: TaskGuess
    report: DataReport | None = None
    failed: bool = False


def _try_loading(guess: TaskGuess, make_task: Callable[[TaskGuess], Task], folder: Path) -> _Trial:
    """Load the data as a run would. If it cannot be split by the guessed group, the guess loses its group."""
    from harness.data import load_splits

    def load(guess: TaskGuess) -> _Trial | str:
        try:
            return _Trial(guess, load_splits(make_task(guess), folder=folder).report)
        except BenchError as error:
            return with_options(" ".join(error.problems))

    trial = load(guess)
    if isinstance(trial, str) and guess.group is not None:
        note = f"'{guess.group}' could be the group, but: {trial}"
        without_group = load(replace(guess, group=None, notes=(*guess.notes, note)))
        if not isinstance(without_group, str):
            return without_group
    if isinstance(trial, str):
        return _Trial(replace(guess, notes=(*guess.notes, f"the task cannot be run yet: {trial}")), failed=True)
    return trial


def _write(out: Path, text: str) -> None:
    from harness.store import write_text

    try:
        write_text(out, text)
    except OSError as error:
        raise BenchError(f"{out}: cannot be written: {error.strerror}") from None


def _print_summary(file: str, out: Path, trial: _Trial, split_files: Mapping[str, str], *, is_complete: bool) -> None:
    """Print what was guessed and why, alternatives and notes, and the command to run next."""
    guess = trial.guess
    rows = plural(guess.rows, "row")
    lines = [f"{file}: {rows}" if is_complete else f"{file}: the first {rows} of a larger file"]
    lines += [f"  {role:<12} {value}" + (f"  ({reason})" if reason else "") for role, value, reason in _guessed_roles(guess)]
    lines += [f"  alternative  {alternative}" for alternative in guess.alternatives]
    if split_files:
        lines.append(f"  alternative  given splits: {', '.join(split_files.values())} (see the comment in the file)")
    lines += [f"  check        {guess.doubt}"] if guess.doubt else []
    lines += [f"  note         {note}" for note in (*guess.notes, *_split_notes(trial.report))]
    command = f"bench run --task {shlex.quote(str(out))} --strategies lora"
    if trial.failed:
        lines.append(f"Wrote {out}. It cannot be run yet (see the last note). Correct it or the data, then run: {command}")
    else:
        lines.append(f"Wrote {out}. Review it, then run: {command}")
    for line in lines:
        click.echo(" ".join(printable(line).split("\n")))


def _guessed_roles(guess: TaskGuess) -> list[tuple[str, str, str]]:
    """What was guessed: title, value and reason."""
    roles = [
        ("kind", guess.kind, guess.reasons.get("kind", "")),
        ("input", ", ".join(guess.inputs.values()), guess.reasons.get("inputs", "")),
        ("target", guess.target, guess.reasons.get("target", "")),
    ]
    if guess.group:
        roles.append(("group", guess.group, guess.reasons.get("group", "")))
    if guess.id:
        roles.append(("id", guess.id, guess.reasons.get("id", "")))
    if guess.split:
        roles.append(("splits", guess.split, guess.reasons.get("split", "")))
    if guess.labels:
        labels = [label for label, _ in guess.labels]
        roles.append(("labels", ", ".join([*labels[:_SHOWN_LABELS], *(["…"] if len(labels) > _SHOWN_LABELS else [])]), ""))
    if guess.fold_by:
        roles.append(("folded by", guess.fold_by, guess.reasons.get("fold", "")))
    return roles


def _split_notes(report: DataReport | None) -> list[str]:
    """Notes about the splits, if the data has been loaded."""
    if report is None:
        return []
    notes = [f"examples after the split: {', '.join(f'{count:,} {split}' for split, count in report.sizes.items())}"]
    test = report.sizes["test"]
    if test < _SMALL_TEST_SET:
        points = 98 / math.sqrt(test)  # half the width of the 95% interval of a proportion of one half, where it is widest
        examples = plural(test, "test example")
        notes.append(f"only {examples}: a percentage is uncertain by up to ±{points:.0f} points, so only large differences will show")
    repeated = sum(report.duplicates.get(split, 0) for split in report.sizes)
    if repeated and not report.folded:
        notes.append(f"{plural(repeated, 'example')} with the same inputs as another one in the same split")
    return [*notes, *report.warnings]
