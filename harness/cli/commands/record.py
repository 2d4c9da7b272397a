"""`bench record` and `bench record verify`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import run_names
from harness.cli.options import registry_dir, runs_dir
from harness.cli.run_choice import choose_run


class _RecordGroup(click.Group):
    """`bench record RUN` is `bench record write RUN`."""

    default = "write"

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        named = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if named else [self.default, *args])


@click.group(cls=_RecordGroup, short_help="Write a signed record of a decision, or check one.")
def record() -> None:
    """Write a signed record of what was decided, on which data, by whom, and what followed; or check one.

    \b
    bench record latest --out record.json --force
    bench record verify record.json
    """


@record.command(short_help="Write the record of a run, or of the model in service for a task.")
@click.argument("subject", metavar="RUN|TASK", default="latest", shell_complete=run_names)
@click.option("--out", metavar="FILE", required=True, help="The file to write.")
@click.option("--card", metavar="FOLDER", help="The folder of the data card, whose digests join the record.")
@click.option("--key", metavar="FILE", help="A private ed25519 key in PEM; a new file gets a new key. Default: a key of this user.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@registry_dir
@runs_dir
def write(subject: str, out: str, card: str | None, key: str | None, force: bool, registry: str, runs_dir: str) -> None:
    """Write the decision record of RUN, or of the model in service for TASK, as one signed JSON file without examples.

    \b
    bench record latest --out record.json --force
    bench record write latest --out signed.json --key team.pem
    """
    from harness import api
    from harness.cli.wording import message
    from harness.reporting.wording import record_sentences

    chosen = choose_run(subject, runs_dir)
    written = api.write_record(chosen, out, card=card, key=key, registry=registry, force=force, runs_dir=runs_dir)
    click.echo(message(record_sentences.describe_signer(written.signer.fingerprint)), err=True)
    click.echo(out)


@record.command("verify", short_help="Check the signature of a record, and the files that it names.")
@click.argument("file", metavar="FILE")
@click.option("--signer", metavar="FINGERPRINT", help="The fingerprint of the key that must have signed it.")
@click.option("--card", metavar="FOLDER", help="The folder of the data card.")
@registry_dir
@runs_dir
@click.pass_context
def verify(ctx: click.Context, file: str, signer: str | None, card: str | None, registry: str, runs_dir: str) -> None:
    """Check the signature of a record, and whether the run and the data card that it names are as they were.

    Exit codes: 0 nothing that could be checked was changed, 1 something was, 2 the file is not a record.

    \b
    bench record verify record.json
    bench record verify record.json --signer "1a2b 3c4d 5e6f 7a8b 9c0d 1e2f 3a4b 5c6d"
    """
    from harness import api
    from harness.cli.wording import message
    from harness.reporting.wording import record_sentences

    check = api.verify_record(file, signer=signer, card=card, registry=registry, runs_dir=runs_dir)
    fingerprint = None if check.signer is None else check.signer.fingerprint
    lines = record_sentences.describe_check(
        check.subject, check.made, fingerprint, is_expected=check.is_expected, run=check.run, card=check.card
    )
    for line in lines:
        click.echo(message(line))
    ctx.exit(0 if check.is_intact else 1)
