"""`bench approve`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.options import runs_dir
from harness.cli.run_choice import choose_run


@click.command(short_help="Approve a PASS of the gate, so that its model may be promoted.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--strategy", required=True, shell_complete=cell_names, help="The strategy that was judged.")
@click.option("--as", "name", required=True, metavar="NAME", help="Who approves.")
@click.option("--reason", default="", help="The reason, for the record.")
@click.option("--policy", metavar="FILE", help="The policy of the verdict, if the model was judged by several.")
@click.option("--key", metavar="FILE", help="A private ed25519 key in PEM; a new file gets a new key. Default: a key of this user.")
@click.option("--task", shell_complete=cell_names, help="The task, if the run has several.")
@click.option("--model", help="The base model, if the run has several.")
@click.option("--train-size", type=int, help="The number of training examples, if the run has several.")
@click.option("--seed", type=int, help="Which trained model, if the strategy has several seeds. Default: the lowest.")
@runs_dir
def approve(run: str, **options: Any) -> None:
    """Sign an approval of the newest verdict on a model of RUN (a folder, a name, or `latest`). With `approvals: 2` in the policy,
    `bench promote` needs the approvals of two different people.

    An approval is about one verdict: after a change of the model, the policy, the test set or the results, it no longer counts.

    \b
    bench approve latest --strategy lora --as "Anna Roth" --key anna.pem --reason "read 20 summaries"
    """
    from harness import api
    from harness.cli.wording import message
    from harness.reporting.wording import gate_sentences, record_sentences

    chosen = choose_run(run, options["runs_dir"], task=options["task"])
    approved = api.approve(chosen, **options)
    click.echo(message(record_sentences.describe_signer(approved.approval.fingerprint)), err=True)
    click.echo(message(gate_sentences.headline(approved.verdict)))
    for sentence in gate_sentences.approval_sentences(approved.verdict):
        click.echo(message(sentence))
