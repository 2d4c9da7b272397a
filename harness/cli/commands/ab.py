"""`bench ab plan`, `bench ab assign`, `bench ab read`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import Number, registry_dir, split_names
from harness.cli.out_file import check_target, write_target

if TYPE_CHECKING:
    from harness.lifecycle.experiments import ExperimentReading

_OUTCOMES = "accepted, edited, edit_distance, rating, minutes, complaint"
_EXIT_CODES = {"challenger": 0, "champion": 1, "undecided": 3}


@click.group(short_help="Plan, assign and read A/B tests in production.")
def ab() -> None:
    """Compare two models in production: how long it takes, who gets which model, and what the events show at any time."""


@ab.command(short_help="Show how long an A/B test takes, and write its file.")
@click.argument("name")
@click.option("--outcome", default="accepted", show_default=True, help=f"What decides: {_OUTCOMES}, or another one.")
@click.option(
    "--margin", type=Number(min=0, min_open=True), required=True, help="The difference that matters; 0.05 is 5 percentage points."
)
@click.option("--answers-per-day", type=Number(min=0, min_open=True), required=True, help="Answers a day, of both models together.")
@click.option("--units-per-day", type=Number(min=0, min_open=True), help="New users a day. Default: each answer is one of a new user.")
@click.option("--expected", type=Number(), help="The champion's mean; 0.7 is 70%.")
@click.option(
    "--spread", type=Number(min=0, min_open=True), help="Standard deviation of one answer's outcome. Default: the largest possible."
)
@click.option(
    "--correlation", type=Number(min=0, max=1), default=1.0, show_default=True,
    help="Between two answers of one user, 0 to 1; with 1, further answers add nothing.",
)  # fmt: skip
@click.option(
    "--share", type=Number(min=0, max=1, min_open=True, max_open=True),
    help="Share of users for the challenger. Default: with --task that of the registry, otherwise 0.5.",
)  # fmt: skip
@click.option(
    "--goal", type=click.Choice(["better", "not_worse"]), default="better", show_default=True, help="What the challenger has to show."
)
@click.option("--unit", default="user", show_default=True, help="What is assigned, and counts once.")
@click.option("--direction", type=click.Choice(["higher", "lower"]), help="Of another outcome: which is better.")
@click.option("--low", type=Number(), help="Of another outcome: its smallest value.")
@click.option("--high", type=Number(), help="Of another outcome: its largest value.")
@click.option(
    "--guardrail", "guardrails", multiple=True, metavar="OUTCOME:margin=M",
    help="An outcome that must not get worse by M; expected=RATE plans for it. Repeatable.",
)  # fmt: skip
@click.option("--also", multiple=True, callback=split_names, metavar="OUTCOMES", help="Outcomes that are reported only.")
@click.option("--task", help="Take champion, challenger and share of this task from the registry.")
@click.option("--champion", default="", help="Name or digest of the model in service.")
@click.option("--challenger", default="", help="Name or digest of the other model; with --task, which one, where several are challengers.")
@registry_dir
@click.option("--assigned-by", type=click.Choice(["bench", "service"]), default="bench", show_default=True, help="Who draws the variants.")
@click.option("--salt", help="Of the hash that assigns. Default: the name.")
@click.option("--alpha", type=Number(min=1e-4, max=0.2), default=0.05, show_default=True, help="Of both limits, over all looks together.")
@click.option("--window-days", type=Number(min=0, max=366), default=7, show_default=True, help="Days until the outcome of a user is final.")
@click.option(
    "--burn-in-units", type=click.IntRange(min=1), default=30, show_default=True, help="Users of each model before the first verdict."
)
@click.option("--burn-in-days", type=Number(min=0, max=3660), default=7, show_default=True, help="Days before the first verdict.")
@click.option("--out", metavar="FILE", help="The experiment's file. Default: NAME.yaml in this folder.")
@click.option("--dry-run", is_flag=True, help="Write no file.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def plan(
    name: str,
    guardrails: tuple[str, ...],
    task: str | None,
    registry: str,
    out: str | None,
    dry_run: bool,
    force: bool,
    format_: str,
    **options: Any,
) -> None:
    """Show how many users and days an A/B test takes, before anything is deployed, and write the file of the experiment NAME.

    \b
    bench ab plan visits-writer --margin 0.05 --expected 0.7 --answers-per-day 40 --units-per-day 8
    bench ab plan calmer --outcome complaint --margin 0.01 --expected 0.03 --answers-per-day 900 --dry-run
    """
    import json
    from pathlib import Path

    from rich.console import Console

    from harness import api
    from harness.lifecycle.experiments import experiment_to_yaml
    from harness.reporting import experiment_plan_to_json, print_experiment_plan
    from harness.reporting.wording.experiments import plan_sentences

    target = Path(out) if out else Path(f"{name}.yaml")
    if task is not None:
        options |= _read_sides(task, registry, options)
    if options["share"] is None:
        del options["share"]
    planned = api.plan_experiment(name, guardrails=dict(_read_guardrail(each) for each in guardrails), **options)
    if not dry_run:
        if target.suffix not in (".yaml", ".yml"):
            raise click.BadParameter(f"{target}: choose a file name that ends in .yaml", param_hint="--out")
        check_target(target)
        if target.exists() and not force:
            raise click.BadParameter(f"{target} already exists: name another file, or replace it with --force", param_hint="--out")
        write_target(target, experiment_to_yaml(planned.experiment, plan_sentences.heading_of_file(planned)))
    if format_ == "json":
        click.echo(json.dumps(experiment_plan_to_json(planned), indent=1, ensure_ascii=False, allow_nan=False))
        return
    print_experiment_plan(planned, Console(highlight=False, emoji=False))
    if not dry_run:
        click.echo(str(target))


def _read_sides(task: str, registry: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Champion, challenger and share as the registry has them; a share that the user names comes first."""
    from harness import api

    if options["champion"]:
        raise click.UsageError("--champion: --task takes the champion of the registry. Leave one of them out.")
    sides = api.read_registered_sides(task, challenger=options["challenger"] or None, registry=registry)
    share = sides.share if options["share"] is None else options["share"]
    return {"champion": sides.champion, "challenger": sides.challenger, "share": share}


def _read_guardrail(text: str) -> tuple[str, dict[str, float | str]]:
    """`complaint:margin=0.02,expected=0.03`."""
    name, _, rest = text.partition(":")
    fields: dict[str, float | str] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise click.BadParameter(f"'{text}' must have the form complaint:margin=0.02,expected=0.03", param_hint="--guardrail")
        key = key.strip()
        fields[key] = value.strip() if key == "direction" else Number().convert(value.strip(), None, None)
    return name.strip(), fields


@ab.command(short_help="Show which variant units get.")
@click.argument("experiment", metavar="EXPERIMENT", type=click.Path())
@click.argument("units", metavar="UNIT...", nargs=-1)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Per line: tab-separated, or JSON."
)
def assign(experiment: str, units: tuple[str, ...], format_: str) -> None:
    """Show which variant each UNIT gets in an EXPERIMENT (its file): always the same.

    Without units, they are read from standard input, one a line.

    \b
    bench ab assign visits-writer.yaml user-17 user-18
    bench ab assign visits-writer.yaml < users.txt
    """
    import json

    from harness import api
    from harness.cli.wording import printable

    for unit, variant in api.assign_variants(experiment, units or _read_lines()):
        click.echo(
            json.dumps({"unit": unit, "variant": variant}, ensure_ascii=False) if format_ == "json" else f"{printable(unit)}\t{variant}"
        )


def _read_lines() -> Iterator[str]:
    """Units from standard input, without the ends of their lines."""
    if sys.stdin.isatty():
        raise click.UsageError("name units, or pass them on standard input, one a line")
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            unit = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise click.UsageError(f"standard input, line {number}: is not UTF-8") from None
        if unit:
            yield unit


@ab.command(short_help="Decide an A/B test from its events, at any time.")
@click.argument("experiment", metavar="EXPERIMENT", type=click.Path())
@click.argument("events", metavar="EVENTS", type=click.Path())
@click.option("--format", "format_", type=click.Choice(["text", "md", "json", "html"]), default="text", show_default=True)
@click.option("--out", metavar="FILE", help="Write the chosen format to a file, and the text to the terminal.")
@click.pass_context
def read(ctx: click.Context, /, experiment: str, events: str, format_: str, out: str | None) -> None:
    """Decide an EXPERIMENT (its file) from its EVENTS: a CSV or JSON Lines file with the columns time, unit, variant and the outcomes.

    The events may be read as often as you like: the limits and the verdict hold at all looks together. Exit codes: 0 decided for the
    challenger, 1 for the champion (or a guardrail is broken), 3 undecided, 2 usage or bad input.

    \b
    bench ab read visits-writer.yaml events.csv
    bench ab read visits-writer.yaml events.csv --format html --out test.html
    """
    from pathlib import Path

    from rich.console import Console

    from harness import api
    from harness.reporting import print_experiment

    if out is not None and format_ == "text":
        raise click.UsageError("--out writes md, json or html: name one with --format")
    if out is not None:
        check_target(Path(out))
    reading = api.read_ab_test(experiment, events)
    if out is not None:
        write_target(Path(out), _text(reading, format_))
    if format_ == "text" or out is not None:
        print_experiment(reading, Console(highlight=False, emoji=False))
        if out is not None:
            click.echo(out)
    else:
        click.echo(_text(reading, format_), nl=False)
    ctx.exit(_EXIT_CODES[reading.state])


def _text(reading: ExperimentReading, format_: str) -> str:
    import json

    from harness.reporting import experiment_to_json, experiment_to_markdown, render_experiment

    if format_ == "json":
        return json.dumps(experiment_to_json(reading), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return experiment_to_markdown(reading) if format_ == "md" else render_experiment(reading)
