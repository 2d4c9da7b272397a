"""`bench review`: packets out, ratings back, what they say, and what to train on next."""

from __future__ import annotations

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.options import runs_dir, split_names

_MODES = ("pairwise", "scales", "errors")
_FORMATS = ("html", "xlsx", "csv", "label-studio")


@click.group(short_help="Let people judge outputs: packets out, ratings back.")
def review() -> None:
    """Let people judge the outputs of a run.

    \b
    bench review export latest --strategies base,lora --n 50 --raters 2
    bench review import latest ratings-*.json
    bench review status latest
    """


@review.command(short_help="Write blind packets for raters.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--task", shell_complete=cell_names, help="The task. Needed where the run has several.")
@click.option(
    "--strategies", multiple=True, callback=split_names, required=True, shell_complete=cell_names, help="Whose outputs are judged."
)
@click.option("--n", default=50, show_default=True, type=click.IntRange(min=1), help="Test rows to judge.")
@click.option("--mode", type=click.Choice(_MODES), default="pairwise", show_default=True, help="Two outputs, scales of one, or its errors.")
@click.option("--raters", default="1", show_default=True, help="How many, or their names: anna,ben.")
@click.option("--overlap", type=click.IntRange(min=1), help="Raters of each row. Default: all of them.")
@click.option(
    "--sample",
    default="random",
    show_default=True,
    help="random; disagreement, low-score or slice:COLUMN=VALUE (favoured, and weighed); hardest.",
)
@click.option("--repeats", type=click.IntRange(min=0), help="Judgements that come back, sides turned. Default: a tenth, 20 at most.")
@click.option("--against", shell_complete=cell_names, help="With pairwise: only pairs with this strategy.")
@click.option("--with-reference", is_flag=True, help="Show the references, too.")
@click.option("--questions", metavar="FILE", help="Take the questions from the `review` of this task's YAML.")
@click.option("--format", "formats", multiple=True, callback=split_names, help=f"Of {', '.join(_FORMATS)}. Default: html.")
@click.option("--out", help="Folder for the raters' files. Default: in the run's folder.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of the draw, the sides and the orders.")
@click.option("--model", help="The base model, where the run has several.")
@click.option("--train-size", type=int, help="The number of training rows, where the run has several.")
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
    with_reference: bool,
    questions: str | None,
    formats: tuple[str, ...],
    out: str | None,
    seed: int,
    model: str | None,
    train_size: int | None,
    runs_dir: str,
) -> None:
    """Write a packet for each rater of RUN (a folder, a name, or `latest`).

    Strategies are hidden, their sides balanced. The key stays in the run's folder:
    never send it. The texts may be what patients said: send them accordingly.
    """
    from harness import api

    unknown = [name for name in formats if name not in _FORMATS]
    if unknown:
        raise click.BadParameter(f"'{unknown[0]}' is none of {', '.join(_FORMATS)}", param_hint="--format")
    made = api.review_export(
        run, strategies, task=task, n=n, mode=mode, raters=raters, overlap=overlap, sample=sample, repeats=repeats, against=against,
        with_reference=with_reference, questions=questions, formats=formats or ("html",), out=out, seed=seed, model=model,
        train_size=train_size, runs_dir=runs_dir,
    )  # fmt: skip
    per_rater = {rater: sum(j.rater == rater for j in made.packet.items) for rater in made.packet.raters}
    counts = sorted(set(per_rater.values()))
    each = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    rows = f"{len(made.key.inclusion_probabilities):,} of {made.key.population:,} test rows, drawn as '{made.key.sampling}'"
    click.echo(f"Packet {made.packet.id}: {made.packet.task}, {made.packet.mode}, {rows}; {each} judgements a rater.", err=True)
    if not made.key.representative:
        click.echo("Rates over these rows say nothing about the other test rows: they were chosen because they are hard.", err=True)
    click.echo(f"The key to it stays in {made.folder / 'key.json'}: do not send it.", err=True)
    for path in made.files:
        click.echo(str(path))


@review.command("import", short_help="Put ratings that came back on record.")
@click.argument("run", shell_complete=run_names)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@runs_dir
@click.pass_context
def import_(ctx: click.Context, run: str, files: tuple[str, ...], runs_dir: str) -> None:
    """Read what raters sent back: the page's .json, spreadsheets, Label Studio's export.

    Good rows are kept, each bad one is refused with its reason (exit code 1; 2 where
    nothing was good). The same file twice changes nothing.
    """
    from harness import api
    from harness.cli.wording import message

    imported = api.review_import(run, files, runs_dir=runs_dir)
    for one in imported:
        click.echo(f"{message(one.source)}: {_what_became(one)}")
        for reason in one.rejected[:_MOST_REASONS]:
            click.echo(f"  refused: {message(reason)}", err=True)
        if len(one.rejected) > _MOST_REASONS:
            click.echo(f"  refused: {len(one.rejected) - _MOST_REASONS:,} more rows", err=True)
    if any(one.rejected for one in imported):
        ctx.exit(1 if any(one.new or one.replaced or one.unchanged or one.outdated or one.already_imported for one in imported) else 2)


_MOST_REASONS = 50


def _what_became(one: object) -> str:
    from harness.review import ImportSummary

    assert isinstance(one, ImportSummary)
    if one.already_imported:
        return "is on record already, nothing has changed"
    said = [f"{one.new:,} new"]
    said += [
        f"{number:,} {what}"
        for number, what in (
            (one.replaced, "replace an earlier answer"),
            (one.unchanged, "known already"),
            (one.outdated, "older than what is on record"),
            (one.unanswered, "without an answer"),
            (len(one.rejected), "refused"),
        )
        if number
    ]
    return ", ".join(said)


@review.command(short_help="Say who rated what, and what it says.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
def status(run: str, format_: str, runs_dir: str) -> None:
    """Win rates, errors and scales with intervals, agreement, raters, and what is missing."""
    import json

    from rich.console import Console

    from harness import api
    from harness.reporting import findings_to_json, print_findings

    found = api.review_status(run, runs_dir=runs_dir)
    if format_ == "json":
        click.echo(json.dumps(findings_to_json(found), indent=1, allow_nan=False))
        return
    if not found:
        click.echo("Nothing was exported from this run. Begin with: bench review export")
    print_findings(found, Console(highlight=False, emoji=False))


@review.command(short_help="Write corrected texts and preferences as training rows.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--task", shell_complete=cell_names, help="The task. Needed where several were reviewed.")
@click.option("--out", required=True, metavar="FILE", help="A .jsonl file; preferences go beside it.")
@click.option("--retire-test-rows", is_flag=True, help="Agree that the rows are no longer test rows.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@runs_dir
def harvest(run: str, task: str | None, out: str, retire_test_rows: bool, force: bool, runs_dir: str) -> None:
    """Corrected texts become {"prompt", "completion"} rows, preferences {"prompt", "chosen", "rejected"}.

    What was judged were test rows. A model that is trained on them cannot be tested on
    them: --retire-test-rows says that you agree. Train with `bench run … --harvested FILE`,
    which takes them out of the test set.
    """
    from harness import api

    done = api.review_harvest(run, out, task=task, retire_test_rows=retire_test_rows, force=force, runs_dir=runs_dir)
    harvest_, files = done
    retired = f"RETIRED: {len(harvest_.retired):,} test rows of {harvest_.task} are training rows from now on."
    click.echo(f"{retired} Scores on them no longer count for a model that learns from this file.", err=True)
    for path in files:
        click.echo(str(path))
