"""`bench review adjudicate` and `bench review exclude`: what happens where raters disagree, or are not careful."""

from __future__ import annotations

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.options import anonymize_option, runs_dir, split_names
from harness.cli.run_choice import choose_run

FORMATS = ("html", "xlsx", "csv", "label-studio", "argilla")
formats_option = click.option(
    "--format", "formats", multiple=True, callback=split_names, help=f"Any of {', '.join(FORMATS)}. Default: html."
)
_packet = click.option("--packet", help="The id of the packet, if the run has several.")


def check_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    """The formats, html if none is named.

    Raises:
        click.BadParameter: an unknown one.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise click.BadParameter(f"'{unknown[0]}' is not one of {', '.join(FORMATS)}", param_hint="--format")
    return formats or ("html",)


@click.command(short_help="Write a second packet of the items on which raters disagree.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--task", shell_complete=cell_names, help="The task, if the run has several.")
@_packet
@click.option(
    "--raters", default="adjudicator", show_default=True, help="Who settles the disagreements: one name, or several that share the items."
)
@click.option(
    "--more-than",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="With --mode scales: answers more than so many steps apart disagree.",
)
@click.option("--show-ratings", is_flag=True, help="Show what the raters answered, without their names.")
@formats_option
@click.option("--out", metavar="FOLDER", help="Folder for the files. Default: in the run's folder.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of the sides and the order of items.")
@anonymize_option
@runs_dir
def adjudicate(
    run: str,
    task: str | None,
    packet: str | None,
    raters: str,
    more_than: int,
    show_ratings: bool,
    formats: tuple[str, ...],
    out: str | None,
    seed: int,
    anonymize: bool,
    runs_dir: str,
) -> None:
    """Write a blind packet of the items of RUN on which raters disagree, for someone else to settle.

    Raters disagree where some see a critical error and others do not, where they prefer
    opposite outputs, or where answers on a scale are far apart. Import the file with
    `bench review import`. Results rest on the adjudication once every item is settled.
    """
    from harness import api
    from harness.cli.work_display import show_work

    chosen = choose_run(run, runs_dir, task=task)
    with show_work("Writing the packet"):
        exported = api.review_adjudicate(
            chosen, task=task, packet=packet, raters=raters, more_than=more_than, show_ratings=show_ratings, formats=check_formats(formats),
            out=out, seed=seed, anonymize=anonymize, runs_dir=runs_dir,
        )  # fmt: skip
    settled = exported.packet.adjudicates
    assert settled is not None
    count = len(exported.packet.items)
    items = f"{count:,} {'item' if count == 1 else 'items'} on which the raters of {settled.packet} disagree"
    click.echo(f"Packet {exported.packet.id}: {items}, for {', '.join(exported.packet.raters)}.", err=True)
    click.echo(f"Do not send the key: {exported.folder / 'key.json'}", err=True)
    for path in exported.files:
        click.echo(str(path))


@click.command(short_help="Exclude a rater's ratings from the results, with a reason.")
@click.argument("run", shell_complete=run_names)
@click.argument("rater")
@click.option("--reason", default="", help="Why, in a sentence. The report shows it.")
@_packet
@click.option("--undo", is_flag=True, help="Include the ratings again.")
@runs_dir
def exclude(run: str, rater: str, reason: str, packet: str | None, undo: bool, runs_dir: str) -> None:
    """Exclude the ratings of RATER from all results of RUN, for example after failed check items.

    RATER may also be an adjudicator: what that person settled is then open again.
    The ratings stay recorded. The report names the rater and the reason, and shows the
    result with every rater beside it.
    """
    from harness import api
    from harness.cli.wording import message

    changed = api.review_exclude(choose_run(run, runs_dir), rater, reason=reason, packet=packet, undo=undo, runs_dir=runs_dir)
    state = "count again" if undo else "no longer count"
    click.echo(f"The ratings of {message(rater)} {state} in {', '.join(changed)}.")
