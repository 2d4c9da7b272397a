"""`bench data anonymize`."""

from __future__ import annotations

import os

import click

from harness.cli.options import split_names

_KEY_VARIABLE = "BENCH_ANONYMIZE_KEY"


@click.command(short_help="Replace identifiers of people in the texts of a file.")
@click.argument("file", type=click.Path())
@click.option("--out", type=click.Path(), help="The file to write: .csv, .tsv or .jsonl.")
@click.option("--columns", multiple=True, callback=split_names, help="The columns to search, such as note,dialogue. Default: all.")
@click.option("--patient", metavar="COLUMN", help="The column with the patient's number. Surrogates are the same in all rows of a patient.")
@click.option(
    "--mode",
    type=click.Choice(["surrogates", "tags", "remove"]),
    default="surrogates",
    show_default=True,
    help="surrogates: invented names, moved dates, …; tags: [NAME]; remove: keeps of dates only the year (HIPAA Safe Harbor).",
)
@click.option("--with-names", type=click.Choice(["spacy"]), help="Also take what a language model holds for names and places (extra pii).")
@click.option(
    "--key",
    type=click.Path(),
    help=f"A file with the secret key; a new file gets a new key. Default: the key in the variable {_KEY_VARIABLE}, else one that is not "
    f"kept.",
)
@click.option("--mapping", type=click.Path(), help="An encrypted file for the originals, which --reverse reads. Needs a key.")
@click.option("--sample", type=click.IntRange(min=1), help="Write a page with so many rows, in which a person marks what was missed.")
@click.option("--marked", metavar="FILE", help="The file that this page saved: state which share of the identifiers was found.")
@click.option("--reverse", is_flag=True, help="Restore the originals of FILE, with --key and --mapping.")
def anonymize(
    file: str,
    out: str | None,
    columns: tuple[str, ...],
    patient: str | None,
    mode: str,
    with_names: str | None,
    key: str | None,
    mapping: str | None,
    sample: int | None,
    marked: str | None,
    reverse: bool,
) -> None:
    """Replace identifiers of people in the texts of FILE: names, dates, places, phone numbers, record numbers, and so on.

    Patterns are checked. What no pattern fits remains: read a sample before you share the file.

    \b
    bench data anonymize notes.csv --out anonymized.csv --patient patient_id
    bench data anonymize notes.csv --out anonymized.csv --key secret.key --mapping mapping.enc
    bench data anonymize notes.csv --out anonymized.csv --sample 50
    bench data anonymize anonymized.csv --reverse --key secret.key --mapping mapping.enc --out restored.csv
    """
    from harness import api
    from harness.cli.work_display import show_rows
    from harness.reporting.wording.data import anonymize_sentences

    if marked is not None:
        if out or reverse or sample:
            raise click.UsageError("--marked reads FILE and writes nothing: remove --out, --reverse and --sample")
        for line in anonymize_sentences.describe_recall(*api.measure_recall(file, marked)):
            click.echo(line)
        return
    if out is None:
        raise click.UsageError("name the file to write: --out FILE")
    secret = key if key is not None else _key_from_environment()
    if reverse:
        if columns or patient or sample:
            raise click.UsageError("--reverse restores all columns: remove --columns, --patient and --sample")
        if secret is None or mapping is None:
            raise click.UsageError(f"--reverse needs --mapping, and --key or the variable {_KEY_VARIABLE}")
        with show_rows("Restoring") as progress:
            rows = api.restore_data(file, out, key=secret, mapping=mapping, progress=progress)
        click.echo(anonymize_sentences.describe_restoration(rows), err=True)
    else:
        with show_rows("Anonymizing") as progress:
            result = api.anonymize_data(
                file, out, columns=columns, patient=patient, mode=mode, with_names=with_names, key=secret, mapping=mapping, sample=sample,
                progress=progress,
            )  # fmt: skip
        lines = anonymize_sentences.describe_anonymization(
            result.mode, result.rows, result.counts, new_key=str(result.new_key or ""), mapping=str(result.mapping or "")
        )
        if result.sample is not None:
            lines.append(anonymize_sentences.describe_sample(str(result.sample), result.out.name))
        for line in lines:
            click.echo(line, err=True)
    click.echo(out)


def _key_from_environment() -> bytes | None:
    from harness.data.privacy import parse_key

    value = os.environ.get(_KEY_VARIABLE)
    return parse_key(os.fsencode(value), _KEY_VARIABLE) if value else None
