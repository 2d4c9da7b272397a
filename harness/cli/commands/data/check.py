"""`bench data check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.commands.completion import model_names, task_names
from harness.cli.options import pop_fields, row_options, split_names, tasks_dir
from harness.cli.out_file import check_target, write_target
from harness.cli.typed_words import list_words

if TYPE_CHECKING:
    from harness.data.checks import DataCheck

_FORMATS = ("text", "json", "html")
_KINDS = ("classification", "generation", "qa", "summarization")
_OWN = ("format_", "out", "fixes")  # not part of the command that makes the check again


@click.command(short_help="Find duplicates, leaks, contradictions and damaged text.")
@click.argument("names", metavar="FILE...|TASK", nargs=-1, required=True, shell_complete=task_names)
@row_options
@click.option("--kind", type=click.Choice(_KINDS), help="Kind of task, for a file. Guessed by default.")
@click.option(
    "--model", shell_complete=model_names, help="The model whose context the prompts must fit into. Default: tiny, with a warning only."
)
@click.option(
    "--fix", "fixes", multiple=True, callback=split_names, metavar="WHAT,…",
    help="Write the rows without these problems to --out: leaks, duplicates, near-duplicates, conflicts, empty, placeholders, "
    "repeated-targets, rare-classes, encoding.",
)  # fmt: skip
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("--out", help="The file to write: the page or JSON of --format, or the cleaned rows of --fix.")
@tasks_dir
@click.pass_context
def check(
    ctx: click.Context,
    /,
    *,
    names: tuple[str, ...],
    kind: Any,
    model: str | None,
    fixes: tuple[Any, ...],
    format_: str,
    out: str | None,
    tasks_dir: tuple[str, ...],
    **options: Any,
) -> None:
    """Check data files or the data of TASK before anything is trained on it.

    For a file, the roles of its columns are guessed, as by `bench init`; name them with --input and --target where the guess is wrong.
    Every finding names its rows, and the command or the line of YAML that solves it. Exits with 1 if something would spoil a result.

    --fix writes the cleaned rows as JSON Lines, with every column, and a log of what was changed to OUT.changes.jsonl.

    \b
    bench data check visits.csv
    bench data check train.csv test.csv --format html --out check.html
    bench data check visits.csv --fix duplicates,empty --out clean.jsonl
    """
    if fixes and (format_ != "text" or out is None):
        raise click.UsageError("--fix writes cleaned rows: name the file with --out clean.jsonl, and leave out --format")
    if not fixes and out is not None and format_ == "text":
        raise click.UsageError("--out needs --format html or --format json, or --fix")
    if out is not None:
        check_target(Path(out))
    options["fields"] = pop_fields(options)
    source: str | Sequence[str] = names[0] if len(names) == 1 else names
    if fixes:
        _clean(source, fixes, str(out), kind=kind, tasks_dirs=tasks_dir, **options)
        return
    from harness import api
    from harness.cli.work_display import StageProgress

    with StageProgress() as progress:
        result = api.check_data(
            source,
            kind=kind,
            model=model,
            progress=progress.show,
            command=["bench", *list_words(ctx, "data", "check", without=_OWN)],
            tasks_dirs=tasks_dir,
            **options,
        )
    _show(result, format_, out)
    if result.spoils:
        ctx.exit(1)


def _show(result: DataCheck, format_: str, out: str | None) -> None:
    import json

    from rich.console import Console

    from harness.reporting import check_to_json, print_check, render_check

    if format_ == "text":
        print_check(result, Console(highlight=False, emoji=False))
        return
    is_page = format_ == "html"
    text = render_check(result) if is_page else json.dumps(check_to_json(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if out is None and not is_page:
        click.echo(text, nl=False)
        return
    target = Path(out or "check.html")
    check_target(target)
    write_target(target, text)
    click.echo(str(target))


def _clean(source: str | Sequence[str], fixes: Sequence[Any], out: str, **options: Any) -> None:
    from harness import api
    from harness.cli.wording import message
    from harness.cli.work_display import StageProgress
    from harness.reporting import describe_cleaning, describe_split_column

    with StageProgress() as progress:
        cleaned = api.clean_data(source, fixes, out, progress=progress.show, **options)
    lines = describe_cleaning(
        str(cleaned.path),
        str(cleaned.log),
        rows=cleaned.rows,
        rows_before=cleaned.rows_before,
        removed=cleaned.removed,
        changed=cleaned.changed,
    )
    if cleaned.split_column:
        lines.append(describe_split_column(cleaned.split_column))
    for line in lines:
        click.echo(message(line))
