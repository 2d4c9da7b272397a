"""`bench data label`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.finished_display import FinishedDisplay
from harness.cli.options import pairs, runs_dir, split_names
from harness.cli.run_choice import choose_run


@click.command(short_help="Choose the unlabelled rows that are most worth a label.")
@click.argument("run", metavar="RUN|PAGE", default="latest", shell_complete=run_names)
@click.option("--data", metavar="FILE", help="The rows; they need no target.")
@click.option("--out", metavar="FILE", required=True, help="The file to write: a page (.html), or a table (.csv, .jsonl).")
@click.option("--labelled", metavar="FILE", help="The answers that PAGE saved: write the labelled rows as training examples.")
@click.option("--n", default=50, show_default=True, type=click.IntRange(min=1), help="Number of rows to choose.")
@click.option("--pool", default=500, show_default=True, type=click.IntRange(min=1), help="Number of rows to answer and choose from.")
@click.option(
    "--strategies", multiple=True, callback=split_names, shell_complete=cell_names,
    help="The two strategies whose answers are compared. Default: the best by the decision, and the untuned model.",
)  # fmt: skip
@click.option("--task", shell_complete=cell_names, help="The task, if the run has several.")
@click.option("--with-suggestions", is_flag=True, help="Also write the answers. They save typing, but labels lean towards them.")
@click.option("--field", "fields", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="The column of a variable of the prompt.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@runs_dir
def label(
    run: str,
    data: str | None,
    out: str,
    labelled: str | None,
    n: int,
    pool: int,
    strategies: tuple[str, ...],
    task: str | None,
    with_suggestions: bool,
    fields: dict[str, str],
    force: bool,
    runs_dir: str,
) -> None:
    """Choose the rows of an unlabelled file that are most worth a label: two strategies of RUN disagree on them, or they resemble nothing
    that is known.

    With a page, label the rows in a browser and save your answers; --labelled makes training examples of them. In a table, fill in the
    empty column. Train on the rows together with your other data. Never test on them: they are no random sample.

    \b
    bench data label latest --data new.jsonl --n 50 --out to-label.html
    bench data label to-label.html --labelled to-label.answers.json --out labelled.jsonl
    bench data label latest --data new.jsonl --n 50 --out to-label.csv
    """
    from harness import api
    from harness.cli.wording import message
    from harness.reporting.wording.data import label_sentences

    if labelled is not None:
        if not run.lower().endswith(".html"):
            raise click.UsageError(f"name the page that saved {labelled}: bench data label PAGE.html --labelled {labelled} --out {out}")
        if data is not None:
            raise click.UsageError("--labelled takes the rows from the page: remove --data")
        made = api.save_labelled_rows(run, labelled, out, force=force)
        sentences = label_sentences.describe_labelled_rows(out, made.rows, made.unanswered, made.unanswerable, made.target)
    else:
        if data is None:
            raise click.UsageError("name the rows to choose from with --data FILE, or the answers to a page with --labelled FILE")
        chosen = choose_run(run, runs_dir, task=task)
        with FinishedDisplay(describe_rest=lambda: "nothing was written") as display:
            written = api.choose_rows_to_label(
                chosen, data, out, n=n, pool=pool, strategies=strategies, task=task, with_suggestions=with_suggestions, fields=fields,
                force=force, runs_dir=runs_dir, listener=display,
            )  # fmt: skip
        sentences = label_sentences.describe_label_file(
            Path(out), written.rows, written.pool, written.differing, written.strategies, written.target
        )
    for sentence in sentences:
        click.echo(message(sentence), err=True)
    click.echo(out)
