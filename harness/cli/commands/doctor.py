"""`bench doctor`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.commands.completion import model_names
from harness.cli.options import runs_dir
from harness.cli.wording import message, with_options
from harness.text import plural

if TYPE_CHECKING:
    from harness.doctor import Finding

_MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}
_PLAIN_MARKS = {"ok": "ok", "warning": "!", "failed": "X"}  # for terminals that only know ASCII


@click.command(short_help="Check what works on this machine, and how to fix the rest.")
@click.option("--model", shell_complete=model_names, help="Also try this model: a name, a folder, a .gguf file, or org/name on the Hub.")
@click.option(
    "--security",
    is_flag=True,
    help="Show instead what is open to others: file modes, runs that trust code, variables with tokens (names only).",
)
@click.option(
    "--registry", default="registry", envvar="BENCH_REGISTRY", show_default=True, show_envvar=True, help="With --security: the registry."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
def doctor(model: str | None, security: bool, registry: str, form: str, runs_dir: str) -> None:
    """Test what runs need: packages, memory, the device and its number formats, 4-bit weights, the Hub, the shipped model.

    With --security, it shows what other users of this machine can read, what may run code, and which tokens are set.

    The exit code is 0 if everything that `bench run` needs works, and 1 otherwise.
    """
    from harness.doctor import is_ready, list_checks, list_security_checks

    if security and model is not None:
        raise click.UsageError("--security and --model cannot be combined")
    checks = list_security_checks(Path(runs_dir), Path(registry), os.environ) if security else list_checks(Path(runs_dir), model)
    findings: list[Finding] = []
    for check in checks:
        _show_progress(f"checking: {check.name} …")
        new = check.run()
        _show_progress("")
        if form == "text":
            _print_findings(new)
        findings += new
    ready = is_ready(findings)
    if form == "json":
        click.echo(json.dumps({"works": ready, "findings": [_to_json(finding) for finding in findings]}, indent=1))
    elif security:
        warnings = sum(finding.status != "ok" for finding in findings)
        click.echo(f"{plural(warnings, 'finding')} to look at." if warnings else "Nothing to look at.")
    elif ready:
        click.echo("Everything that a run needs works on this machine.")
    else:
        click.echo("Runs will not work on this machine until the failed checks are fixed.")
    if not ready:
        sys.exit(1)


def _to_json(finding: Finding) -> dict[str, object]:
    return asdict(finding) | {"text": with_options(finding.text), "hint": with_options(finding.hint)}


def _show_progress(text: str) -> None:
    """Write a line to standard error that the next one replaces; only in a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{message(text)}", nl=False, err=True)


def _print_findings(findings: list[Finding]) -> None:
    marks = _MARKS if _can_encode("✓✗×…") else _PLAIN_MARKS
    for finding in findings:
        hint = f" → {finding.hint}" if finding.hint else ""
        line = " ".join(message(f"{marks[finding.status]} {finding.name}: {finding.text}{hint}").split())
        click.echo(line if _can_encode(line) else line.replace("→", "->").replace("×", "x").encode("ascii", "replace").decode())


def _can_encode(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
