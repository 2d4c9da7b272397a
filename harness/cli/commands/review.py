"""`bench review`: export packets, import ratings, see what they show, harvest training examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.commands.review_raters import adjudicate, check_formats, exclude, formats_option
from harness.cli.options import anonymize_option, runs_dir, split_names
from harness.cli.run_choice import choose_run

if TYPE_CHECKING:
    from harness.review import ExportedPacket, ImportSummary

_MODES = ("pairwise", "scales", "errors")
_MAX_REASONS = 50
_task = click.option("--task", shell_complete=cell_names, help="The task, if the run has several.")
_model = click.option("--model", help="The base model, if the run has several.")
_train_size = click.option("--train-size", type=int, help="The number of training examples, if the run has several.")


@click.group(short_help="Let people rate outputs: export packets, import ratings.")
def review() -> None:
    """Let people rate the outputs of a run.

    \b
    bench review plan latest --strategies base,lora
    bench review export latest --strategies base,lora --n 50 --raters 2
    bench review import latest ratings-*.json
    bench review status latest
    """


review.add_command(adjudicate)
review.add_command(exclude)


@review.command(short_help="How many ratings decide a question, and which examples to rate.")
@click.argument("run", default="latest", shell_complete=run_names)
@_task
@click.option(
    "--strategies",
    multiple=True,
    callback=split_names,
    shell_complete=cell_names,
    help="Whose outputs to rate, such as base,lora; the second is compared with the first. Default: as for `bench review export`.",
)
@click.option("--mode", type=click.Choice(_MODES), default="pairwise", show_default=True, help="How outputs are rated.")
@click.option(
    "--effect",
    type=float,
    help="The result to show: a win rate (0.65), a change of the mean rating (0.5), or a limit on critical errors (0.05). "
    "Default: typical results, or the limits of the task.",
)
@_model
@_train_size
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
def plan(
    run: str,
    task: str | None,
    strategies: tuple[str, ...],
    mode: str,
    effect: float | None,
    model: str | None,
    train_size: int | None,
    format_: str,
    runs_dir: str,
) -> None:
    """Show how many examples of RUN to rate, with and without the help of automatic scores.

    Automatic scores of all test examples make few ratings more precise (prediction-powered
    inference). How much is known after about 30 ratings: run the command again then.
    """
    import json

    from rich.console import Console

    from harness import api
    from harness.cli.work_display import show_work
    from harness.reporting import print_rating_plan, rating_plan_to_json

    chosen = choose_run(run, runs_dir, task=task)
    with show_work("Reading scores and ratings"):
        planned = api.review_plan(
            chosen, strategies, task=task, mode=mode, effect=effect, model=model, train_size=train_size, runs_dir=runs_dir
        )
    if format_ == "json":
        click.echo(json.dumps(rating_plan_to_json(planned), indent=1, allow_nan=False))
        return
    print_rating_plan(planned, run, Console(highlight=False, emoji=False))


@review.command(short_help="Write a blind packet for each rater.")
@click.argument("run", default="latest", shell_complete=run_names)
@_task
@click.option(
    "--strategies",
    multiple=True,
    callback=split_names,
    shell_complete=cell_names,
    help="Whose outputs to rate, such as base,lora. Default: the best strategy by the decision, for pairs also the untuned model.",
)
@click.option("--n", default=50, show_default=True, type=click.IntRange(min=1), help="Number of test examples to rate.")
@click.option(
    "--mode",
    type=click.Choice(_MODES),
    default="pairwise",
    show_default=True,
    help="Choose between two outputs, rate one output on scales, or find its errors.",
)
@click.option("--raters", default="1", show_default=True, help="Number of raters, or their names: anna,ben.")
@click.option("--overlap", type=click.IntRange(min=1), help="Raters per example. Default: all raters.")
@click.option(
    "--sample",
    default="random",
    show_default=True,
    help="Choice of examples: random, hardest, or weighted towards disagreement, low-score or slice:COLUMN=VALUE.",
)
@click.option(
    "--repeats", type=click.IntRange(min=0), help="Repeated items per rater, with sides swapped. Default: 10% of the items, at most 20."
)
@click.option("--against", shell_complete=cell_names, help="With --mode pairwise: only pairs with this strategy.")
@click.option(
    "--pairs-per-example",
    type=click.IntRange(min=1),
    help="With three strategies or more: pairs of each example that are rated, all pairs equally often. Default: all.",
)
@click.option("--with-reference", is_flag=True, help="Also show the references.")
@click.option(
    "--gold", metavar="FILE", help="Items with right answers, in the columns of a packet's spreadsheet: every rater gets them, unmarked."
)
@click.option(
    "--attention",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Items per rater that are made from references, to see whether a rater reads.",
)
@click.option("--questions", metavar="FILE", help="Ask the questions in the `review` block of this task's YAML file.")
@formats_option
@click.option("--out", metavar="FOLDER", help="Folder for the raters' files. Default: in the run's folder.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of the sample, the sides and the order of items."
)
@_model
@_train_size
@anonymize_option
@runs_dir
def export(
    run: str,
    task: str | None,
    strategies: tuple[str, ...],
    n: int,
    mode: str,
    raters: str,
    overlap: int | None,
    sample: str,
    repeats: int | None,
    against: str | None,
    pairs_per_example: int | None,
    with_reference: bool,
    gold: str | None,
    attention: int,
    questions: str | None,
    formats: tuple[str, ...],
    out: str | None,
    seed: int,
    model: str | None,
    train_size: int | None,
    anonymize: bool,
    runs_dir: str,
) -> None:
    """Write a packet for each rater of RUN (a folder, a name, or `latest`).

    Strategies are hidden and their sides balanced. The key stays in the run's folder;
    never send it. The texts may be what patients said: protect the packets accordingly.
    """
    from harness import api
    from harness.cli.work_display import show_work
    from harness.reporting.wording.data import anonymize_sentences

    chosen = choose_run(run, runs_dir, task=task)
    with show_work("Writing the packets"):
        exported = api.review_export(
            chosen, strategies, task=task, n=n, mode=mode, raters=raters, overlap=overlap, sample=sample, repeats=repeats, against=against,
            pairs_per_example=pairs_per_example, with_reference=with_reference, gold=gold, attention=attention, questions=questions,
            formats=check_formats(formats), out=out, seed=seed, model=model, train_size=train_size, anonymize=anonymize, runs_dir=runs_dir,
        )  # fmt: skip
    click.echo(_describe_packet(exported), err=True)
    for line in anonymize_sentences.describe_guard(
        exported.guard.counts, skipped=exported.guard.skipped, is_anonymized=anonymize, remedies="--anonymize"
    ):
        click.echo(line, err=True)
    if not exported.key.representative:
        click.echo("The examples were chosen because they are hard: rates over them do not describe the other test examples.", err=True)
    click.echo(f"Do not send the key: {exported.folder / 'key.json'}", err=True)
    for path in exported.files:
        click.echo(str(path))


@review.command("import", short_help="Import the ratings that raters sent back.")
@click.argument("run", shell_complete=run_names)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@runs_dir
@click.pass_context
def import_(ctx: click.Context, run: str, files: tuple[str, ...], runs_dir: str) -> None:
    """Import what raters sent back: the page's .json file, spreadsheets, or an export of Label Studio or Argilla.

    Valid rows are recorded. Each invalid row is rejected with a reason (exit code 1, or 2
    if no row was valid). Importing a file again changes nothing.
    """
    from harness import api
    from harness.cli.wording import message
    from harness.cli.work_display import show_work

    with show_work("Reading the ratings"):
        summaries = api.review_import(choose_run(run, runs_dir), files, runs_dir=runs_dir)
    for summary in summaries:
        click.echo(f"{message(summary.source)}: {_describe_import(summary)}")
        for reason in summary.rejected[:_MAX_REASONS]:
            click.echo(f"  rejected: {message(reason)}", err=True)
        if len(summary.rejected) > _MAX_REASONS:
            click.echo(f"  rejected: {len(summary.rejected) - _MAX_REASONS:,} more rows", err=True)
    if any(summary.rejected for summary in summaries):
        ctx.exit(1 if any(s.new or s.replaced or s.unchanged or s.outdated or s.already_imported for s in summaries) else 2)


@review.command(short_help="Show the results: preferences, errors, inter-rater agreement, missing ratings.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
def status(run: str, format_: str, runs_dir: str) -> None:
    """Show preferences, error rates and mean ratings with 95% CIs, inter-rater agreement, and what is not rated yet."""
    import json

    from rich.console import Console

    from harness import api
    from harness.cli.work_display import show_work
    from harness.reporting import findings_to_json, print_findings

    with show_work("Reading the ratings"):
        packets = api.review_status(choose_run(run, runs_dir), runs_dir=runs_dir)
    if format_ == "json":
        click.echo(json.dumps(findings_to_json(packets), indent=1, allow_nan=False))
        return
    if not packets:
        click.echo("No packet was exported from this run. Start with: bench review export")
    print_findings(packets, Console(highlight=False, emoji=False))


@review.command(short_help="Write corrections and preferences as training examples.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--task", shell_complete=cell_names, help="The task, if several were reviewed.")
@click.option("--out", required=True, metavar="FILE", help="A .jsonl file for corrections; preferences go into a second file beside it.")
@click.option("--retire-test-examples", is_flag=True, help="Agree that these examples leave the test set.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@runs_dir
def harvest(run: str, task: str | None, out: str, retire_test_examples: bool, force: bool, runs_dir: str) -> None:
    """Write corrections as {"prompt", "completion"} and preferences as {"prompt", "chosen", "rejected"}.

    They come from the test set. A model that is trained on them can no longer be tested on
    them; agree with --retire-test-examples. Then train with `bench run … --harvested FILE`,
    which removes them from the test set.
    """
    from harness import api
    from harness.reporting.wording.review import review_sentences

    chosen = choose_run(run, runs_dir, task=task)
    collected, files = api.review_harvest(chosen, out, task=task, retire_test_examples=retire_test_examples, force=force, runs_dir=runs_dir)
    retired = f"RETIRED: {len(collected.retired):,} test examples of {collected.task} are training examples from now on."
    click.echo(f"{retired} Their scores do not count for a model that is trained on this file.", err=True)
    if collected.withheld:
        click.echo(review_sentences.describe_withheld_corrections(collected.withheld), err=True)
    for path in files:
        click.echo(str(path))


def _describe_packet(exported: ExportedPacket) -> str:
    packet, key = exported.packet, exported.key
    counts = sorted({sum(item.rater == rater for item in packet.items) for rater in packet.raters})
    items = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    sample = f"{len(key.inclusion_probabilities):,} of {key.population:,} test examples (sample: {key.sampling})"
    strategies = ", ".join(sorted({name for item in key.items.values() for name in item.strategies}))
    checks = f", {len(key.checks) // len(packet.raters):,} of them with known answers" if key.checks else ""
    return f"Packet {packet.id}: {packet.task}, {packet.mode}, {strategies}, {sample}, {items} items per rater{checks}."


def _describe_import(summary: ImportSummary) -> str:
    if summary.already_imported:
        return "was imported before, nothing has changed"
    counts = (
        (summary.replaced, "replaced an earlier answer"),
        (summary.unchanged, "unchanged"),
        (summary.outdated, "older than the recorded answer"),
        (summary.unanswered, "without an answer"),
        (len(summary.rejected), "rejected"),
    )
    return ", ".join([f"{summary.new:,} new", *(f"{count:,} {what}" for count, what in counts if count)])
