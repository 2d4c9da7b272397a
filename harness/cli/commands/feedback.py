"""`bench feedback`: what users say about the answers of the model in service."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.commands.completion import cell_names, run_names, task_names
from harness.cli.options import pairs, registry_dir, runs_dir, split_names
from harness.cli.out_file import check_target, write_target
from harness.cli.run_choice import choose_run

if TYPE_CHECKING:
    from harness.api import AddedFeedback
    from harness.lifecycle.feedback import FeedbackSummary
    from harness.reporting.wording import text_table

_VERDICTS = ("accepted", "edited", "rejected", "complaint")
_ONE_ANSWER = ("id", "verdict", "output", "corrected", "reason", "minutes", "rating", "user", "date")


@click.group(short_help="Store what users say about answers, and show it with intervals.")
def feedback() -> None:
    """What users say about the answers of the model in service: stored beside it, counted with intervals.

    \b
    bench feedback add visits feedback.csv
    bench feedback show visits
    """


@feedback.command(short_help="Add feedback from a file, or on one answer.")
@click.argument("task", shell_complete=task_names)
@click.argument("file", required=False, type=click.Path())
@click.option("--id", "id", metavar="ID", help="Without a file: the id of the answer.")
@click.option("--verdict", type=click.Choice(_VERDICTS), help="Without a file: what the user thinks of the answer.")
@click.option("--output", metavar="TEXT", help="Without a file: what the model wrote.")
@click.option("--corrected", metavar="TEXT", help="Without a file: what it should have written.")
@click.option("--reason", metavar="TEXT", help="Without a file: why.")
@click.option("--minutes", metavar="NUMBER", help="Without a file: how long the user worked on the answer.")
@click.option("--rating", metavar="1-5", help="Without a file: the user's rating.")
@click.option("--user", metavar="NAME", help="Without a file: the user. Only a hash of the name is stored.")
@click.option("--date", metavar="DATE", help="Without a file: the day or time of the answer. Default: today.")
@click.option("--value", "values", multiple=True, callback=pairs, metavar="COLUMN=TEXT", help="Without a file: an input or other column.")
@click.option("--answers", metavar="FILE", help="Outputs of bench predict, which complete the rows by their ids.")
@click.option("--field", "fields", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="The column of a role, such as verdict.")
@click.option("--slices", multiple=True, callback=split_names, metavar="COLUMNS", help="More columns to divide rates by.")
@click.option("--model", default="", metavar="NAME", help="The model that answered. Default: the one that was in service.")
@click.option("--today", metavar="DATE", help="The day of rows without a date. Default: today.")
@registry_dir
def add(task: str, *, file: str | None, values: dict[str, str], today: str | None, **options: Any) -> None:
    """Add what users say about answers of TASK from a FILE, or on one answer.

    A file is CSV, JSON Lines or another table with the columns id and verdict (accepted, edited, rejected, complaint), or an export of
    Label Studio or Argilla as JSON. Optional columns: output, corrected, reason, minutes, rating, user, date, model, and the inputs of
    the task. What was added before does not count again.

    \b
    bench feedback add visits feedback.csv
    bench feedback add visits --id v17 --verdict complaint --reason "wrong dose"
    """
    from harness import api

    one = {name: options.pop(name) for name in _ONE_ANSWER}
    row = {**{name: value for name, value in one.items() if value is not None}, **values}
    if file is not None and row:
        raise click.UsageError(f"name a file, or describe one answer with --{next(iter(row))} and others, not both")
    if file is None and "id" not in row:
        raise click.UsageError("name a file, or describe one answer with --id and --verdict")
    added = api.add_feedback(task, file if file is not None else [row], today=_parse_day(today), **options)
    _print_added(added)


@feedback.command(short_help="Show rates, minutes and ratings, over time and with each promotion.")
@click.argument("task", shell_complete=task_names)
@click.option("--by", "step", type=click.Choice(["day", "week", "month"]), help="Step of time. Default: by the time span.")
@click.option("--slices", multiple=True, callback=split_names, metavar="COLUMNS", help="Columns to divide by. Default: all.")
@registry_dir
@click.option("--format", "format_", type=click.Choice(["text", "md", "json", "html"]), default="text", show_default=True)
@click.option("--out", metavar="FILE", help="The file to write: the Markdown, JSON or page of --format.")
def show(task: str, *, slices: tuple[str, ...], format_: str, out: str | None, **options: Any) -> None:
    """Show what users say about the answers of TASK: rates of verdicts, minutes and ratings with 95% CIs, over time, by subgroup, and
    before and after each promotion.

    \b
    bench feedback show visits
    bench feedback show visits --format html --out feedback.html
    """
    from harness import api

    if out is not None and format_ == "text":
        raise click.UsageError("--out needs --format md, json or html")
    if out is not None:
        check_target(Path(out))
    summary = api.show_feedback(task, slices=slices or None, **options)
    _show(summary, format_, None if out is None else Path(out))


@feedback.command(short_help="Confirm complaints: they become examples to train and to test on.")
@click.argument("task", shell_complete=task_names)
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--corrected", metavar="TEXT", help="The right text. Default: that of the newest complaint.")
@click.option("--reason", metavar="TEXT", default="", help="Kept in the log.")
@click.option("--dismiss", is_flag=True, help="Dismiss them instead: the answers were right.")
@click.option("--today", metavar="DATE", help="The day of the decision. Default: today.")
@registry_dir
def confirm(task: str, *, ids: tuple[str, ...], dismiss: bool, today: str | None, **options: Any) -> None:
    """Confirm complaints about answers of TASK. Each becomes an example to train on, and a test of every candidate, if the policy
    of the gate has a rule on complaints.

    \b
    bench feedback confirm visits v17 --corrected "Take 10 mg of lisinopril."
    """
    from harness import api
    from harness.reporting.wording import feedback_sentences

    decided = api.decide_complaints(task, ids, "dismissed" if dismiss else "confirmed", today=_parse_day(today), **options)
    click.echo(feedback_sentences.describe_decided(decided, dismissed=dismiss))


@feedback.command(short_help="Write open complaints as a packet for each rater.")
@click.argument("task", shell_complete=task_names)
@click.option("--raters", default="1", show_default=True, metavar="N|NAMES", help="How many raters, or their names separated by commas.")
@click.option("--format", "formats", multiple=True, callback=split_names, help="html, xlsx, csv, label-studio, argilla. Default: html.")
@click.option("--out", metavar="FOLDER", help="Where to write the raters' files. Default: in the registry.")
@registry_dir
def review(task: str, *, formats: tuple[str, ...], **options: Any) -> None:
    """Write the open complaints about answers of TASK as a packet for each rater, who marks errors and may correct the output.

    The texts may be what patients said: protect the packets accordingly.

    \b
    bench feedback review visits --raters 2
    """
    from harness import api
    from harness.text import plural

    exported = api.export_complaint_review(task, formats=formats or ("html",), **options)
    click.echo(f"Packet {exported.packet.id}: {plural(len(exported.key.inclusion_probabilities), 'complaint')}.", err=True)
    for path in exported.files:
        click.echo(str(path))


@feedback.command("import", short_help="Import the ratings of complaints that raters sent back.")
@click.argument("task", shell_complete=task_names)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--today", metavar="DATE", help="The day of the decisions. Default: today.")
@registry_dir
@click.pass_context
def import_(ctx: click.Context, /, task: str, *, files: tuple[str, ...], today: str | None, **options: Any) -> None:
    """Import what raters of complaints about TASK sent back. A complaint is confirmed if at least half of its raters see an error.

    Exit code 1 if rows were rejected, 2 if no row was valid.
    """
    from harness import api
    from harness.cli.wording import message
    from harness.reporting.wording import feedback_sentences

    reviewed = api.import_complaint_review(task, files, today=_parse_day(today), **options)
    click.echo(feedback_sentences.describe_reviewed(reviewed))
    for reason in reviewed.rejected[:50]:
        click.echo(f"  rejected: {message(reason)}", err=True)
    if reviewed.rejected:
        ctx.exit(1 if reviewed.ratings else 2)


@feedback.command(short_help="Write edited answers and confirmed complaints as training examples.")
@click.argument("task", shell_complete=task_names)
@click.option("--out", required=True, metavar="FILE", help="A .jsonl file.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@registry_dir
def harvest(task: str, *, out: str, **options: Any) -> None:
    """Write what users have edited, and confirmed complaints, as {"prompt", "completion", "inputs"}. Train with `bench run … --harvested
    FILE`, which removes rows with the same inputs or group from validation and test.

    \b
    bench feedback harvest visits --out corrections.jsonl
    """
    from harness import api
    from harness.text import plural

    count = api.harvest_feedback(task, out, **options)
    click.echo(f"{plural(count, 'training example')}.", err=True)
    click.echo(out)


@feedback.command(name="list", short_help="List the complaints.")
@click.argument("task", shell_complete=task_names)
@registry_dir
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(task: str, *, registry: str, format_: str) -> None:
    """List the complaints about answers of TASK, with what was decided about them.

    \b
    bench feedback list visits
    """
    import json
    from dataclasses import asdict

    from harness import api
    from harness.reporting.wording import feedback_sentences

    complaints = api.list_complaints(task, registry=registry)
    if format_ == "json":
        click.echo(json.dumps([{**asdict(each), "state": each.state} for each in complaints], indent=1, ensure_ascii=False))
    elif complaints:
        _print_table(feedback_sentences.build_complaint_table(complaints))
    else:
        click.echo(f"No complaints about {task}.")


@feedback.command(short_help="Is it fixed? Let a model answer the confirmed complaints again.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--strategy", required=True, shell_complete=cell_names, help="The model's strategy.")
@click.option("--task", shell_complete=cell_names, help="The task, if the run has several.")
@click.option("--fixed", multiple=True, callback=split_names, metavar="IDS", help="You have looked: the output is right.")
@click.option("--broken", multiple=True, callback=split_names, metavar="IDS", help="You have looked: the output is wrong.")
@click.option("--seed", type=int, help="The seed of the model. Default: the lowest.")
@click.option("--model", help="The base model, if the run has several.")
@click.option("--train-size", type=int, help="The training size, if the run has several.")
@click.option("--model-path", metavar="FOLDER", help="Folder of the base model, if it cannot be found by its name.")
@registry_dir
@runs_dir
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def check(ctx: click.Context, /, run: str, *, task: str | None, runs_dir: str, format_: str, **options: Any) -> None:
    """Let a model of RUN answer the confirmed complaints of users again. Fixed is what is right by comparison with the corrected text; what
    that cannot show, a person must look at, and says so with --fixed or --broken.

    Exit codes: 0 all fixed, 1 some are still wrong, 3 a person must look, 2 usage or bad input.

    \b
    bench feedback check latest --strategy lora
    """
    import json

    from harness import api
    from harness.reporting.wording import feedback_sentences

    results = api.check_complaints(choose_run(run, runs_dir, task=task), task=task, runs_dir=runs_dir, **options)
    if format_ == "json":
        rows = [{"id": each.case.id, "outcome": each.outcome, "output": each.output, "corrected": each.case.corrected} for each in results]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        click.echo(feedback_sentences.describe_check(results))
        if results:
            _print_table(feedback_sentences.build_check_table(results))
    outcomes = {each.outcome for each in results}
    ctx.exit(1 if "broken" in outcomes else 3 if "unclear" in outcomes else 0)


@feedback.command(short_help="From a complaint to the model that fixed it.")
@click.argument("task", shell_complete=task_names)
@click.argument("id_", metavar="ID")
@registry_dir
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def trail(task: str, id_: str, *, registry: str, format_: str) -> None:
    """Show everything that happened to the complaints about the answer ID of TASK, up to the model that fixed it.

    \b
    bench feedback trail visits v17
    """
    import json
    from dataclasses import asdict

    from harness import api
    from harness.reporting.wording import feedback_sentences

    followed = api.follow_complaint(task, id_, registry=registry)
    if format_ == "json":
        click.echo(json.dumps(asdict(followed), indent=1, ensure_ascii=False, default=str))
        return
    for line in feedback_sentences.list_trail_lines(followed):
        click.echo(line)


def _print_table(table: text_table.TextTable) -> None:
    from rich.console import Console

    from harness.reporting import print_feedback_table

    print_feedback_table(table, Console(highlight=False, emoji=False))


def _print_added(added: AddedFeedback) -> None:
    from dataclasses import asdict

    from harness.reporting.wording import feedback_sentences

    headline, *notes = feedback_sentences.describe_added(**asdict(added))
    click.echo(headline)
    for note in notes:
        click.echo(note, err=True)


def _show(summary: FeedbackSummary, format_: str, target: Path | None) -> None:
    import json

    from rich.console import Console

    from harness.reporting import feedback_to_json, feedback_to_markdown, print_feedback, render_feedback

    if format_ == "text":
        print_feedback(summary, Console(highlight=False, emoji=False))
        return
    if format_ == "json":
        text = json.dumps(feedback_to_json(summary), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    else:
        text = feedback_to_markdown(summary) if format_ == "md" else render_feedback(summary)
    if target is None:
        click.echo(text, nl=False)
        return
    write_target(target, text)
    click.echo(str(target))


def _parse_day(text: str | None) -> date | None:
    try:
        return None if text is None else datetime.fromisoformat(text).date()
    except ValueError:
        raise click.BadParameter(f"'{text}' is no date: write it as 2026-03-01", param_hint="--today") from None
